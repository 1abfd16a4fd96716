//! Scenarios: which fault comes when, as a TOML text that can be written, drawn by lot and replayed.
//!
//! ```toml
//! seed = 7                       # of everything that a fault leaves to chance
//!
//! [[at]]
//! time = "3s"                    # after the scenario was started
//! fault = "drop"
//! venue = "binance"
//! product = "spot"               # left out: every product of the venue
//! stream = "btcusdt@trade"       # left out: every stream
//! line = "A"                     # A the oldest connection that carries the stream, B the next, or a number
//! count = 5
//!
//! [[at]]
//! time = "4s"
//! every = "1s"                   # again and again
//! until = "8s"                   # before this time; left out: for ever
//! fault = "loss"
//! venue = "kraken"
//! chance = "1%"
//! for = "500ms"
//! ```
//!
//! Invariants: a text that parses names only keys that are used; what [`Scenario`] prints parses to
//! the same scenario.

mod args;
mod change;
mod faults;
mod frames;
mod lottery;
mod menu;
mod play;
mod units;

use std::fmt::{Display, Formatter};
use std::path::Path;
use std::time::Duration;

use thiserror::Error;
use toml::de::{DeTable, DeValue};

use crate::config::Product;
use crate::fault::Fault;
use args::Args;
pub(crate) use play::play_scenario;

/// Entries of one scenario; a text with more is a mistake.
const ENTRIES_MAX: usize = 10_000;

/// Shortest pause between two repeats: more would only keep the simulation from its work.
const EVERY_MIN: Duration = Duration::from_millis(1);

/// What goes wrong, and when.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    seed: u64,
    entries: Vec<Entry>,
}

/// One `[[at]]`.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// First time, since the start.
    pub(crate) time: Duration,
    /// Pause between repeats and the time they end before.
    pub(crate) repeat: Option<(Duration, Option<Duration>)>,
    /// One fault per product concerned.
    pub(crate) faults: Vec<Fault>,
    /// Keys and values as they were written.
    text: Vec<(String, String)>,
}

/// Why a scenario cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The text does not say what it must, or says more.
    #[error("line {line}: {what}")]
    Text {
        /// Line of the text, from 1.
        line: usize,
        /// What is wrong and what is allowed.
        what: String,
    },
    /// The file cannot be read.
    #[error("scenario {path} cannot be read")]
    Read {
        /// The file.
        path: String,
        /// What the operating system answered.
        source: std::io::Error,
    },
    /// The file holds a text that cannot be used.
    #[error("scenario {path}, {error}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        error: Box<ScenarioError>,
    },
}

impl Scenario {
    /// Reads a scenario from its text.
    ///
    /// # Errors
    /// [`ScenarioError::Text`] with the line, and the nearest key, name or value that is allowed.
    pub fn parse(text: &str) -> Result<Scenario, ScenarioError> {
        let root = DeTable::parse(text).map_err(|error| ScenarioError::Text {
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            what: error.message().to_owned(),
        })?;
        let mut top = Args::new(text, root.get_ref(), 0);
        let seed = top.seed()?;
        let tables = top.tables("at")?;
        top.finish()?;
        if tables.len() > ENTRIES_MAX {
            let what = format!(
                "{} entries: at most {ENTRIES_MAX} are allowed",
                tables.len()
            );
            return Err(ScenarioError::Text { line: 1, what });
        }
        let mut entries = Vec::with_capacity(tables.len());
        for (index, (start, table)) in tables.into_iter().enumerate() {
            let seed = crate::lot::splitmix(seed ^ ((index as u64) << 32));
            entries.push(entry(text, start, table, seed)?);
        }
        Ok(Scenario { seed, entries })
    }

    /// Reads a scenario from a file.
    ///
    /// # Errors
    /// [`ScenarioError::Read`] and [`ScenarioError::File`] name the file.
    pub fn load(path: &Path) -> Result<Scenario, ScenarioError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| ScenarioError::Read {
            path: name.clone(),
            source,
        })?;
        Scenario::parse(&text).map_err(|error| ScenarioError::File {
            path: name,
            error: Box::new(error),
        })
    }

    /// Draws a mixture of faults by lot for some products. Every fault begins after a tenth of the
    /// duration and is over after three quarters of it, when everything is healed: a client has
    /// the last quarter to converge. The same arguments give the same scenario.
    ///
    /// The mixture holds nothing that a client could not find out and repair, or does not have to.
    #[must_use]
    pub fn random(seed: u64, duration: Duration, products: &[Product]) -> Scenario {
        let text = lottery::draw(seed, duration, products);
        // The lottery's texts parse: a test draws thousands of them.
        Scenario::parse(&text).unwrap_or_default()
    }

    /// Faults and the times of each, for the player.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

fn entry(text: &str, start: usize, table: &DeTable<'_>, seed: u64) -> Result<Entry, ScenarioError> {
    let mut args = Args::new(text, table, start);
    let time = args.duration("time")?;
    let every = args.maybe_duration("every")?;
    let until = args.maybe_duration("until")?;
    if every.is_some_and(|every| every < EVERY_MIN) {
        return Err(args.wrong("every", "must be at least 1ms"));
    }
    if every.is_none() && until.is_some() {
        return Err(args.wrong("until", "needs `every`"));
    }
    let faults = faults::faults(&mut args, seed)?;
    args.finish()?;
    Ok(Entry {
        time,
        repeat: every.map(|every| (every, until)),
        faults,
        text: written(text, table),
    })
}

/// Keys and values in the order of the text.
fn written(text: &str, table: &DeTable<'_>) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = table.iter().collect();
    pairs.sort_by_key(|(key, _)| key.span().start);
    let pair = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        let value = text.get(value.span()).unwrap_or_default();
        (key.to_string(), value.to_owned())
    };
    pairs.into_iter().map(pair).collect()
}

/// Line of a byte, from 1.
fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    1 + before.filter(|byte| **byte == b'\n').count()
}

/// Prints the text of the scenario, in the order of its entries.
impl Display for Scenario {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        writeln!(out, "seed = {}", self.seed)?;
        for entry in &self.entries {
            writeln!(out, "\n[[at]]")?;
            for (key, value) in &entry.text {
                writeln!(out, "{key} = {value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
