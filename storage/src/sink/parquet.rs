//! Parquet files: the sink that needs nothing but a directory.
//!
//! ```text
//! <root>/trades/date=2026-01-31/venue=kraken-spot/part-<first seq>-<last seq>.parquet
//! <root>/seal        what was sealed last: range, and the files it has
//! <root>/.staging/   files in the making; nobody reads here
//! <root>/views.sql   views for DuckDB
//! ```
//!
//! The one idea: journal sequences are cut into ranges without holes, and all files of a range are
//! named after it. Rows are held in memory until a range is full or old enough; then its files are
//! written aside, synced, announced in `seal`, and renamed into their places. Only then the range is
//! acknowledged. A crash in between leaves a range that was announced and perhaps not finished: it is
//! read from the journal again up to the same end, so the same files are made again and replace
//! themselves. Nothing comes twice, nothing is left out, and a reader never meets half a file.
//!
//! What a reader can see in the short time in which a range is renamed: some of its files and not yet
//! others. Within one directory rows appear range by range.

mod columns;
mod compact;
pub(crate) mod double;
mod held;
mod layout;
mod part;
mod seal;
mod table;
mod tally;
mod views;

use std::path::PathBuf;
use std::time::Duration;

pub use self::double::{Double, double};
pub use self::layout::{PartName, parts};
pub use self::table::Table;
pub use self::tally::tally;

use self::compact::Compactor;
use self::held::Held;
use self::layout::Layout;
use self::part::Stamp;
use self::seal::Seal;
use super::{Ack, Refusal, Rows, Sink};
use crate::error::Error;
use crate::journal::JournalId;

/// How the [`ParquetSink`] writes.
#[derive(Clone, Debug)]
pub struct ParquetOptions {
    /// Directory of all files; made if it is not there.
    pub root: PathBuf,
    /// Rows after which a range is sealed. Default 1,000,000.
    pub rows: usize,
    /// Bytes of records in memory after which a range is sealed. Default 128 MiB.
    pub bytes: usize,
    /// Age after which a range is sealed. Default 5 minutes.
    pub age: Duration,
    /// Effort of the zstd compression, 1 to 22. Default 3.
    pub level: i32,
    /// Whether columns of binary fractions stand beside the exact ones. Default true.
    pub doubles: bool,
    /// Whether the files of days that are over are merged. Default true.
    pub compact: bool,
}

impl ParquetOptions {
    /// The defaults, in `root`.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            rows: 1_000_000,
            bytes: 128 << 20,
            age: Duration::from_secs(300),
            level: 3,
            doubles: true,
            compact: true,
        }
    }
}

/// Writes records to Parquet files.
#[derive(Debug)]
pub struct ParquetSink {
    options: ParquetOptions,
    journal: JournalId,
    layout: Layout,
    held: Held,
    /// First sequence of the range in the making.
    from: u64,
    /// Where the range has to end because it was announced so before a crash.
    bound: Option<u64>,
    /// What was announced last.
    seal: Seal,
    /// When the first row of the range came.
    since: Duration,
    compactor: Compactor,
}

impl ParquetSink {
    /// A sink for the journal `journal`. Touches nothing yet.
    #[must_use]
    pub fn new(journal: JournalId, options: ParquetOptions) -> Self {
        let layout = Layout::new(&options.root);
        Self {
            compactor: Compactor::new(layout.clone(), options.level),
            journal,
            layout,
            held: Held::default(),
            from: 1,
            bound: None,
            seal: Seal::default(),
            since: Duration::ZERO,
            options,
        }
    }

    fn ack(&self) -> Ack {
        if self.held.is_empty() && self.bound.is_none() {
            Ack::All
        } else {
            Ack::Below(self.from)
        }
    }

    /// Writes what is held as the range that ends with `to`.
    fn seal_range(&mut self, to: u64) -> Result<(), Refusal> {
        let stamp = Stamp {
            journal: self.journal,
            range: (self.from, to),
            level: self.options.level,
            doubles: self.options.doubles,
        };
        self.write_range(&stamp)
            .map_err(|error| Refusal::transient(text_of(&error)))?;
        self.held.clear();
        (self.from, self.bound) = (to + 1, None);
        Ok(())
    }

    fn write_range(&mut self, stamp: &Stamp) -> Result<(), Error> {
        let mut files = Vec::new();
        for part in self.held.parts() {
            let name = self.layout.part(part.place, stamp.range);
            let staged = self.layout.staged(files.len());
            part::write(&staged, part, &self.held, stamp)?;
            files.push(name);
        }
        let seal = Seal {
            journal: Some(self.journal),
            range: stamp.range,
            files,
        };
        if self.seal.range.0 >= stamp.range.0 {
            // The range ends elsewhere than it was announced to, because the journal lost its end.
            self.seal.remove_all_but(&seal, &self.layout)?;
        }
        seal.save(&self.layout)?;
        for (at, name) in seal.files.iter().enumerate() {
            self.layout.publish(at, name)?;
        }
        self.layout.sync_all(&seal.files)?;
        self.seal = seal;
        views::refresh(&self.layout)
    }

    fn is_due(&self, now: Duration) -> bool {
        let age = now.saturating_sub(self.since);
        self.held.len() >= self.options.rows
            || self.held.bytes() >= self.options.bytes
            || age >= self.options.age
    }

    fn take(&mut self, rows: &Rows<'_>, now: Duration) -> Result<(), Refusal> {
        for row in rows.iter() {
            if let Some(bound) = self.bound.filter(|bound| row.seq > *bound) {
                self.seal_range(bound)?;
            }
            if self.held.is_empty() {
                self.since = now;
            }
            self.held.push(&row);
            let last = self.bound == Some(row.seq);
            if last || (self.bound.is_none() && self.is_due(now)) {
                self.seal_range(row.seq)?;
            }
        }
        Ok(())
    }

    /// Seals a range that no row will fill any more.
    fn seal_old(&mut self, now: Duration, last: bool) -> Result<(), Refusal> {
        let age = now.saturating_sub(self.since);
        match self.held.last_seq() {
            Some(seq) if last || age >= self.options.age => self.seal_range(seq),
            _ => Ok(()),
        }
    }
}

impl Sink for ParquetSink {
    fn begin(&mut self, acked: u64) -> Result<u64, Refusal> {
        self.held.clear();
        let begin = || {
            self.layout.prepare()?;
            let seal = Seal::load(&self.layout)?;
            seal.check(self.journal, &self.layout)?;
            Ok(seal)
        };
        self.seal = begin().map_err(|error: Error| Refusal::transient(text_of(&error)))?;
        let (from, to) = self.seal.range;
        (self.from, self.bound) = match acked.max(1) {
            // Announced and not acknowledged: it may not be complete.
            acked if acked <= from && self.seal.journal.is_some() => (from, Some(to)),
            // Within it: the cursor is not the one that belongs to these files.
            acked if acked <= to => (to + 1, None),
            acked => (acked, None),
        };
        Ok(self.from)
    }

    fn deliver(&mut self, rows: &Rows<'_>, now: Duration) -> Result<Ack, Refusal> {
        self.take(rows, now)?;
        Ok(self.ack())
    }

    fn idle(&mut self, now: Duration, last: bool) -> Result<Ack, Refusal> {
        self.seal_old(now, last)?;
        if self.options.compact && !last {
            let work = self.compactor.work(now, self.seal.range.0);
            work.map_err(|error| Refusal::transient(text_of(&error)))?;
        }
        Ok(self.ack())
    }

    fn replay(&mut self, rows: &Rows<'_>, _now: Duration) -> Result<(), Refusal> {
        let mut held = Held::default();
        rows.iter().for_each(|row| held.push(&row));
        let stamp = Stamp {
            journal: self.journal,
            range: (rows.first_seq(), rows.last_seq()),
            level: self.options.level,
            doubles: self.options.doubles,
        };
        let write = || {
            for part in held.parts() {
                part::write(&self.layout.staged(0), part, &held, &stamp)?;
                let name = self.layout.replayed(part.place, stamp.range);
                self.layout.publish(0, &name)?;
                self.layout.sync_all(&[name])?;
            }
            views::refresh(&self.layout)
        };
        write().map_err(|error: Error| Refusal::transient(text_of(&error)))
    }
}

fn text_of(error: &Error) -> String {
    use std::error::Error as _;
    error
        .source()
        .map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
