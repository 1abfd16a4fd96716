//! The tape: everything the simulated venues published, before faults, as JSON lines in a file.
//!
//! Invariants:
//! * lines stand in the order in which things happened, whatever connection or product they concern;
//! * trades come from the market itself, so they are there even when nobody listened;
//! * every other market line is a message that at least one connection had subscribed to;
//! * nothing is dropped: when the writer falls behind, the simulation waits for it.
//!
//! The format is described in the crate's README, section "Tape".

mod lines;
mod messages;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use tokio_tungstenite::tungstenite::{Bytes, Utf8Bytes};

use crate::clock::{self, Nanos};
use crate::config::Product;
use crate::error::SimError;
use crate::hub::Span;
pub(crate) use lines::{Mark, Trade};

/// Lines that may wait for the writer; at some hundred bytes each this is a few MiB.
const QUEUE_MAX: usize = 16_384;

/// A stream message as it was published.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) at: Nanos,
    pub(crate) product: Product,
    pub(crate) key: Arc<str>,
    pub(crate) span: Span,
    /// The only connection it was for, as a snapshot is; `None` for all subscribers.
    pub(crate) line: Option<u64>,
    pub(crate) text: Option<Utf8Bytes>,
    pub(crate) binary: Option<Bytes>,
}

#[derive(Debug)]
enum Entry {
    Line(String),
    Published(Published),
    /// Answered when everything before it is in the file.
    Flush(SyncSender<()>),
}

/// The end of the tape that is written to; does nothing unless it was started.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    queue: Option<SyncSender<Entry>>,
    thread: Option<JoinHandle<()>>,
}

impl Tape {
    /// Creates the file and the thread that writes it.
    pub(crate) fn start(path: &Path) -> Result<Self, SimError> {
        let file = File::create(path).map_err(|source| SimError::Tape {
            path: path.to_owned(),
            source,
        })?;
        let (queue, entries) = sync_channel(QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name("venue-sim-tape".into())
            .spawn(move || write_all(&entries, BufWriter::new(file)))
            .map_err(SimError::Thread)?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    pub(crate) fn is_on(&self) -> bool {
        self.queue.is_some()
    }

    /// A trade of the market.
    pub(crate) fn trade(&self, trade: &Trade<'_>) {
        if self.is_on() {
            self.put(Entry::Line(trade.line(clock::now())));
        }
    }

    /// Something that is not market data.
    pub(crate) fn mark(&self, product: Product, mark: &Mark<'_>) {
        if self.is_on() {
            self.put(Entry::Line(mark.line(clock::now(), product)));
        }
    }

    /// A message of a stream.
    pub(crate) fn published(&self, message: Published) {
        self.put(Entry::Published(message));
    }

    /// Starts a flush; the receiver hears when the file holds everything so far.
    pub(crate) fn flush(&self) -> Option<Receiver<()>> {
        self.queue.as_ref()?;
        let (done, flushed) = sync_channel(1);
        self.put(Entry::Flush(done));
        Some(flushed)
    }

    /// Ends the tape. The caller joins the thread, which ends when the file is complete.
    pub(crate) fn close(&mut self) -> Option<JoinHandle<()>> {
        self.queue = None;
        self.thread.take()
    }

    /// Waits for a place in the queue. A writer that is gone has said why.
    fn put(&self, entry: Entry) {
        if let Some(queue) = &self.queue {
            let _writer_gone = queue.send(entry);
        }
    }
}

/// Writes until every sender is gone. A file that cannot be written ends the tape, loudly.
fn write_all(entries: &Receiver<Entry>, mut file: BufWriter<File>) {
    let mut write = || -> std::io::Result<()> {
        while let Ok(entry) = entries.recv() {
            match entry {
                Entry::Line(line) => file.write_all(line.as_bytes())?,
                Entry::Published(message) => {
                    if let Some(line) = messages::published(&message) {
                        file.write_all(line.as_bytes())?;
                    }
                }
                Entry::Flush(done) => {
                    file.flush()?;
                    let _nobody_waits = done.send(());
                }
            }
        }
        file.flush()
    };
    if let Err(error) = write() {
        tracing::error!(%error, "simulated venue: the tape ends here");
    }
}
