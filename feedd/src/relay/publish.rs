//! The publisher: what is appended to a journal goes out at once, in batches of what is there.
//!
//! It has no cursor. A message is done with when the transport accepts it; whoever did not get it
//! knows by the numbers and asks the journal. So it begins at the newest frame, and a transport that
//! takes nothing is left behind rather than waited for.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use feedd_storage::{LogReader, ReadError, Start, segments};

use super::position::Position;
use super::wire::Packer;

/// Time between two signs of life while nothing is appended.
pub const SIGN_OF_LIFE: Duration = Duration::from_millis(100);
/// How long a transport may take nothing before what waits is left to the replay service.
const PATIENCE: Duration = Duration::from_millis(500);
/// Frames read in one turn at most, so that signals are looked at.
const FRAMES_A_TURN: usize = 4_096;

/// What a transport said to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It has it.
    Taken,
    /// Nobody listens, or it never will: forget it.
    Nobody,
    /// It is full: the same message may be tried again.
    Later,
    /// It will never take anything again.
    Closed,
}

/// A transport of messages.
pub trait Outlet {
    /// Longest message that travels in one datagram.
    fn limit(&self) -> usize;
    /// Tries to send.
    fn send(&mut self, message: &[u8]) -> Sent;
}

/// What a publisher has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PublishCounts {
    /// Frames that the transport accepted.
    pub frames: u64,
    /// Messages that carried them.
    pub messages: u64,
    /// Messages that nobody listened to.
    pub unheard: u64,
    /// Times the transport was full.
    pub full: u64,
    /// Times it was full for too long and the publisher went on with what was newest.
    pub left: u64,
    /// Messages refused because the transport is gone.
    pub closed: u64,
}

/// Sends what is appended to one journal.
#[derive(Debug)]
pub struct Publisher<O> {
    records: PathBuf,
    reader: LogReader,
    packer: Packer,
    outlet: O,
    /// The place behind the last frame read; run 0 while none is known.
    next: Position,
    last_sent: Instant,
    counts: PublishCounts,
}

impl<O: Outlet> Publisher<O> {
    /// A publisher of the journal in `journal_dir`, from its newest frame on.
    ///
    /// # Errors
    ///
    /// If the journal cannot be read.
    pub fn new(journal_dir: &Path, outlet: O) -> Result<Self, ReadError> {
        let journal = super::identity(journal_dir)?;
        let records = journal_dir.join("records");
        let reader = LogReader::open(&records, Start::Newest)?;
        let mut publisher = Self {
            packer: Packer::new(journal, outlet.limit()),
            records,
            reader,
            outlet,
            next: Position::START,
            last_sent: Instant::now(),
            counts: PublishCounts::default(),
        };
        publisher.place()?;
        Ok(publisher)
    }

    /// Its counters.
    #[must_use]
    pub const fn counts(&self) -> PublishCounts {
        self.counts
    }

    /// Sends what is there; whether there was anything.
    ///
    /// # Errors
    ///
    /// If the journal cannot be read.
    pub fn turn(&mut self) -> Result<bool, ReadError> {
        let mut read = 0;
        while read < FRAMES_A_TURN {
            match self.reader.next() {
                Ok(Some(frame)) => {
                    let place = Position {
                        run: frame.run,
                        seq: frame.seq,
                    };
                    if !self.packer.push(&frame) {
                        send(&mut self.packer, &mut self.outlet, &mut self.counts);
                        // An empty packer takes any frame.
                        let _ = self.packer.push(&frame);
                    }
                    self.next = place.behind();
                    read += 1;
                }
                Ok(None) => break,
                // Listeners see by the numbers what is not there.
                Err(ReadError::Missed { .. }) => {}
                Err(error @ ReadError::Damaged { .. }) => {
                    if !self.reader.skip_damage()? {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        let left = self.counts.left;
        send(&mut self.packer, &mut self.outlet, &mut self.counts);
        if self.counts.left != left {
            self.leave()?;
        }
        if read > 0 {
            self.last_sent = Instant::now();
        } else {
            self.show_life();
        }
        Ok(read > 0)
    }

    fn show_life(&mut self) {
        if self.last_sent.elapsed() < SIGN_OF_LIFE || self.next.run == 0 {
            return;
        }
        self.last_sent = Instant::now();
        let message = self.packer.sign_of_life(self.next);
        // The next one does as well.
        let _ = self.outlet.send(message);
    }

    /// Goes on with what is newest.
    fn leave(&mut self) -> Result<(), ReadError> {
        self.reader = LogReader::open(&self.records, Start::Newest)?;
        self.place()
    }

    /// Finds out where the newest frame stands, for the signs of life.
    fn place(&mut self) -> Result<(), ReadError> {
        if let Some(seq) = self.reader.next_seq() {
            let mut newest_first = segments(&self.records)?.into_iter().rev();
            let segment = newest_first.find(|segment| segment.first_seq <= seq);
            let run = segment.map_or(0, |segment| segment.run);
            self.next = Position { run, seq };
        }
        Ok(())
    }
}

/// Sends the packed batch, if there is one, and makes room for the next.
fn send(packer: &mut Packer, outlet: &mut impl Outlet, counts: &mut PublishCounts) {
    if packer.is_empty() {
        return;
    }
    let frames = u64::from(packer.count());
    let message = packer.finish();
    let since = Instant::now();
    loop {
        match outlet.send(message) {
            Sent::Taken => {
                counts.frames += frames;
                counts.messages += 1;
                break;
            }
            Sent::Nobody => {
                counts.unheard += 1;
                break;
            }
            Sent::Closed => {
                counts.closed += 1;
                break;
            }
            Sent::Later if since.elapsed() < PATIENCE => {
                counts.full += 1;
                std::thread::yield_now();
            }
            Sent::Later => {
                counts.left += 1;
                break;
            }
        }
    }
    packer.clear();
}
