//! QuestDB: every record as a row of a table, over ILP/HTTP or QWP.
//!
//! The one idea: every row carries its journal sequence in the key by which the server drops
//! repeats, so the answer to every doubt is to send it again. Nothing is remembered here that would
//! have to survive a crash.
//!
//! Invariants:
//!
//! * A record's rows are the same bytes whenever it is sent: they depend on the record alone and on
//!   its symbol, which is not part of the key.
//! * A row is acknowledged once the server has acknowledged it and, where its host may still lose
//!   it, [`Options::settle`] has passed since.
//! * Tables are made by us (`schema`); the server makes none on its own.

mod exec;
mod line;
mod options;
mod reference;
mod rows;
mod schema;
mod send;
mod settle;

use std::fmt;
use std::time::Duration;

use feedd_storage::sink::questdb::table;
use feedd_storage::sink::{Ack, Refusal, Row, Rows, Sink};
use questdb::ingress::Buffer;

pub use exec::Exec;
pub use options::Options;

use line::Scratch;
use send::{Connections, Sent};
use settle::Settling;

/// Longest time for one answer of the server; a batch takes some milliseconds, a table that is made
/// some hundred.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes of one table's rows that are sent at once, as one transaction: a third of a batch of trades,
/// so that the server reads one piece while the next is written. QWP's frames are at most 2 MiB.
const PIECE_BYTES: usize = 1 << 20;

/// The sink.
#[derive(Debug)]
pub struct QuestDb {
    options: Options,
    live: Option<Live>,
    settling: Settling,
}

impl QuestDb {
    /// A sink that connects when it is begun.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        let settling = Settling::new(options.settle);
        Self {
            options,
            live: None,
            settling,
        }
    }
}

impl Sink for QuestDb {
    fn begin(&mut self, acked: u64) -> Result<u64, Refusal> {
        self.live = None;
        self.settling.restart(acked);
        let exec = Exec::new(&self.options, ANSWER_TIMEOUT)?;
        schema::migrate(&exec, &self.options)?;
        self.live = Some(Live::new(Connections::open(&self.options, ANSWER_TIMEOUT)?));
        Ok(acked)
    }

    fn deliver(&mut self, rows: &Rows<'_>, now: Duration) -> Result<Ack, Refusal> {
        self.replay(rows, now)?;
        self.settling.push(now, rows.last_seq() + 1);
        Ok(self.settling.ack(now))
    }

    fn idle(&mut self, now: Duration, _last: bool) -> Result<Ack, Refusal> {
        Ok(self.settling.ack(now))
    }

    fn replay(&mut self, rows: &Rows<'_>, _now: Duration) -> Result<(), Refusal> {
        let live = self.live.as_mut();
        let live = live.ok_or_else(|| Refusal::transient("not connected"))?;
        live.write(rows)
    }
}

/// What exists while the server is there.
struct Live {
    connections: Connections,
    /// The buffers that are being filled, by their table.
    filling: Vec<(&'static str, Buffer)>,
    /// Empty buffers, which keep their memory.
    spare: Vec<Buffer>,
    scratch: Scratch,
    /// What went wrong with the rows at hand.
    refusal: Option<Refusal>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

impl Live {
    fn new(connections: Connections) -> Self {
        Self {
            connections,
            filling: Vec::new(),
            spare: Vec::new(),
            scratch: Scratch::default(),
            refusal: None,
        }
    }

    /// Returns once the server has acknowledged all rows, or once nothing is under way any more.
    fn write(&mut self, rows: &Rows<'_>) -> Result<(), Refusal> {
        self.refusal = None;
        for row in rows.iter() {
            self.add(&row);
            if self.refusal.is_some() {
                break;
            }
        }
        for (_, mut buffer) in std::mem::take(&mut self.filling) {
            if self.refusal.is_some() {
                buffer.clear();
                self.spare.push(buffer);
            } else {
                self.send(buffer);
            }
        }
        while let Some(sent) = self.connections.receive() {
            self.take_back(sent);
        }
        self.refusal.take().map_or(Ok(()), Err)
    }

    /// Writes a row into its table's buffer, and sends that if it is full.
    fn add(&mut self, row: &Row<'_>) {
        let table = table(row.record.kind());
        let at = self.filling.iter().position(|(of, _)| *of == table);
        let at = at.unwrap_or_else(|| {
            let spare = self.spare.pop();
            let buffer = spare.unwrap_or_else(|| self.connections.new_buffer());
            self.filling.push((table, buffer));
            self.filling.len() - 1
        });
        let Some((_, buffer)) = self.filling.get_mut(at) else {
            return;
        };
        if let Err(error) = rows::write(buffer, &mut self.scratch, row) {
            // What is left of the row makes the buffer useless.
            buffer.clear();
            let reason = format!("journal sequence {}: {}", row.seq, error.msg());
            self.refusal = Some(Refusal::Permanent(reason));
        } else if buffer.len() >= PIECE_BYTES {
            let (_, buffer) = self.filling.swap_remove(at);
            self.send(buffer);
        }
    }

    fn send(&mut self, buffer: Buffer) {
        if buffer.is_empty() {
            self.spare.push(buffer);
        } else if let Some(sent) = self.connections.send(buffer) {
            self.take_back(sent);
        }
    }

    /// A refusal that passes outweighs one that does not: everything will come again.
    fn take_back(&mut self, (mut buffer, outcome): Sent) {
        buffer.clear();
        self.spare.push(buffer);
        let Err(refusal) = outcome else { return };
        if !matches!(self.refusal, Some(Refusal::Transient(_))) {
            self.refusal = Some(refusal);
        }
    }
}
