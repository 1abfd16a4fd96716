//! The replay service: a journal's records, over plain TCP, to whoever missed some.
//!
//! It reads the journal's files as any other reader does, so it needs nothing of the process that
//! writes them, and cannot disturb it but by the disk and the cores it uses. Everything is bounded:
//! clients at once, bytes and time of one answer, the rate of all answers together, the time a
//! client may take to ask or to read.

use std::io::{self, BufWriter, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use feedd_storage::{LogReader, ReadError, Start, segments};

use super::ask::{self, Answer, Ask, Stop};
use super::position::Position;
use super::wire::Packer;
use crate::roster;

/// Bytes of a batch in an answer: large enough that heads cost nothing, small enough that a client
/// sees progress.
const BATCH_BYTES: usize = 64 << 10;
/// Bytes of one answer; the client asks again for more. Bounds what a client that has gone away
/// costs.
const ANSWER_BYTES_MAX: u64 = 256 << 20;
/// Time of one answer, for the same reason.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);
/// Time a client may take to ask.
const ASK_PATIENCE: Duration = Duration::from_secs(5);
/// Time a client may take to make room for more.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);
/// How often the listener looks whether it has to stop.
const LOOK: Duration = Duration::from_millis(20);

/// What the service may use.
#[derive(Clone, Copy, Debug)]
pub struct ServeOptions {
    /// Clients at once; others are told to come back.
    pub clients: usize,
    /// Bytes a second of all answers together.
    pub rate: u64,
}

/// Counters of the service.
#[derive(Debug, Default)]
pub struct ServeCounts {
    /// Answers that were given whole.
    pub answers: AtomicU64,
    /// Clients that were sent away because there were too many.
    pub refused: AtomicU64,
    /// Connections that ended with an error.
    pub failed: AtomicU64,
    /// Bytes of records sent.
    pub bytes: AtomicU64,
}

/// A running service; stops when dropped.
#[derive(Debug)]
pub struct ReplayServer {
    shared: Arc<Shared>,
    addr: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    journal_dir: PathBuf,
    options: ServeOptions,
    stop: AtomicBool,
    clients: AtomicUsize,
    counts: ServeCounts,
    pace: Mutex<Instant>,
}

impl ReplayServer {
    /// Serves the journal in `journal_dir` on `listen`.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound or the thread not started.
    pub fn start(
        journal_dir: &Path,
        listen: SocketAddr,
        options: ServeOptions,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            journal_dir: journal_dir.to_owned(),
            options,
            stop: AtomicBool::new(false),
            clients: AtomicUsize::new(0),
            counts: ServeCounts::default(),
            pace: Mutex::new(Instant::now()),
        });
        let accepting = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("replay".to_owned())
            .spawn(move || accepting.accept(&listener))?;
        Ok(Self {
            shared,
            addr,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its counters.
    #[must_use]
    pub fn counts(&self) -> &ServeCounts {
        &self.shared.counts
    }
}

impl Drop for ReplayServer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        while !self.stop.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((client, _)) => self.admit(client),
                // Nobody came, or no descriptor is free: later.
                Err(_) => thread::sleep(LOOK),
            }
        }
    }

    fn admit(self: &Arc<Self>, client: TcpStream) {
        let taken = self.clients.fetch_add(1, Ordering::Relaxed);
        let busy = taken >= self.options.clients;
        let serving = Arc::clone(self);
        let work = move || {
            let served = serving.serve(&client, busy);
            let counts = &serving.counts;
            let counter = match served {
                Ok(()) if busy => &counts.refused,
                Ok(()) => &counts.answers,
                Err(_) => &counts.failed,
            };
            counter.fetch_add(1, Ordering::Relaxed);
            if let Err(error) = served {
                tracing::debug!(%error, "a client of the replay service was not served");
            }
            serving.clients.fetch_sub(1, Ordering::Relaxed);
        };
        // One that is only told to come back must not cost a thread.
        if busy {
            work();
        } else if thread::Builder::new()
            .name("replay-client".to_owned())
            .spawn(work)
            .is_err()
        {
            self.clients.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn serve(&self, client: &TcpStream, busy: bool) -> io::Result<()> {
        client.set_nonblocking(false)?;
        client.set_nodelay(true)?;
        client.set_read_timeout(Some(ASK_PATIENCE))?;
        client.set_write_timeout(Some(WRITE_PATIENCE))?;
        if !self.journal_dir.join("records").is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no journal yet"));
        }
        let journal = super::identity(&self.journal_dir).map_err(io::Error::other)?;
        let mut out = BufWriter::with_capacity(BATCH_BYTES, client);
        ask::write_hello(&mut out, journal)?;
        if busy {
            let limit = self.options.clients;
            Answer::Refused(format!("{limit} clients are served already, come back"))
                .write(&mut out)?;
            return out.flush();
        }
        out.flush()?;
        match Ask::read(&mut &*client)? {
            Ask::Roster => Answer::Roster(roster::text(&self.journal_dir)?).write(&mut out)?,
            Ask::Records { from, until } => {
                let mut answering = Answering::new(self, journal, &mut out);
                answering.records(from, until)?;
            }
        }
        out.flush()
    }

    /// Waits until so many more bytes may be sent.
    fn pace(&self, bytes: usize) {
        let cost = Duration::from_nanos(
            (bytes as u64).saturating_mul(1_000_000_000) / self.options.rate.max(1),
        );
        let due = {
            let mut next = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
            *next = (*next).max(Instant::now()) + cost;
            *next
        };
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// One answer being given.
struct Answering<'a, W> {
    shared: &'a Shared,
    packer: Packer,
    out: &'a mut W,
    sent: u64,
    since: Instant,
}

impl<'a, W: Write> Answering<'a, W> {
    fn new(shared: &'a Shared, journal: u128, out: &'a mut W) -> Self {
        Self {
            shared,
            packer: Packer::new(journal, BATCH_BYTES),
            out,
            sent: 0,
            since: Instant::now(),
        }
    }

    fn records(&mut self, from: Position, until: Position) -> io::Result<()> {
        let mut reader =
            open_at(&self.shared.journal_dir.join("records"), from).map_err(io::Error::other)?;
        let stop = self.copy(&mut reader, until)?;
        self.send()?;
        Answer::End(stop).write(self.out)
    }

    /// Sends frames up to `until`, the end or a limit; which of them it was.
    fn copy(&mut self, reader: &mut LogReader, until: Position) -> io::Result<Stop> {
        loop {
            match reader.next() {
                Ok(None) => return Ok(Stop::Head),
                Ok(Some(frame)) => {
                    let place = Position {
                        run: frame.run,
                        seq: frame.seq,
                    };
                    if place >= until {
                        return Ok(Stop::Until);
                    }
                    if !self.packer.push(&frame) {
                        self.send()?;
                        // An empty packer takes any frame.
                        let _ = self.packer.push(&frame);
                    }
                    if self.is_over() {
                        return Ok(Stop::Limit);
                    }
                }
                Err(ReadError::Missed { from, to }) => {
                    self.send()?;
                    Answer::Missed { from, to }.write(self.out)?;
                }
                Err(error @ ReadError::Damaged { .. }) => {
                    tracing::warn!(%error, "the journal is damaged");
                    if !reader.skip_damage().map_err(io::Error::other)? {
                        return Ok(Stop::Head);
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }

    fn send(&mut self) -> io::Result<()> {
        if self.packer.is_empty() {
            return Ok(());
        }
        let batch = self.packer.finish();
        self.shared.pace(batch.len());
        self.sent += batch.len() as u64;
        self.shared
            .counts
            .bytes
            .fetch_add(batch.len() as u64, Ordering::Relaxed);
        ask::write_batch(self.out, batch)?;
        self.packer.clear();
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.sent >= ANSWER_BYTES_MAX
            || self.since.elapsed() >= ANSWER_TIME_MAX
            || self.shared.stop.load(Ordering::Relaxed)
    }
}

/// A reader at the first frame that does not come before `from`, or at the newest for
/// [`Position::END`]. A journal that lost its newest
/// frames with the power gives their numbers again in its next run, so a later run may begin below
/// the number that is wanted.
fn open_at(records: &Path, from: Position) -> Result<LogReader, ReadError> {
    if from.run == 0 {
        return LogReader::open(records, Start::Oldest);
    }
    if from == Position::END {
        return open_newest(records);
    }
    let start = Start::Seq(from.seq);
    let mut probe = LogReader::open(records, start)?;
    if matches!(probe.next(), Ok(Some(frame)) if frame.run == from.run) {
        return LogReader::open(records, start);
    }
    let again = segments(records)?
        .into_iter()
        .find(|segment| segment.run > from.run && segment.first_seq < from.seq);
    let start = again.map_or(start, |segment| Start::Seq(segment.first_seq));
    LogReader::open(records, start)
}

/// A reader at the newest frame there is, or, where the newest number was never given to one, at the
/// end.
fn open_newest(records: &Path) -> Result<LogReader, ReadError> {
    let end = LogReader::open(records, Start::Newest)?;
    let newest = Start::Seq(end.next_seq().unwrap_or(0).saturating_sub(1));
    match LogReader::open(records, newest)?.next() {
        Ok(Some(_)) => LogReader::open(records, newest),
        _ => Ok(end),
    }
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
