//! Which instrument id means which symbol, for as long as a journal lives.
//!
//! A text file in the journal's directory, one line an instrument: `binance-spot 0 BTCUSDT`. New
//! symbols are appended before the first record that uses their id; nothing is ever renumbered.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use feedd_codecs::feed::Pick;

use crate::config::FeedConfig;
use crate::exit::{Code, Failure};

/// The file's name in the journal's directory.
const FILE: &str = "instruments";

/// Symbols of each venue, in id order.
#[derive(Debug)]
pub struct Roster {
    path: PathBuf,
    venues: BTreeMap<String, Vec<String>>,
}

impl Roster {
    /// Reads the roster of a journal; an absent file is an empty roster.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the file cannot be read or is not a roster.
    pub fn load(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(Failure::new(
                    Code::Io,
                    format!("{}: {error}", path.display()),
                ));
            }
        };
        let mut venues: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            let known = parse(line)
                .filter(|(venue, index, _)| venues.get(*venue).map_or(0, Vec::len) == *index);
            let Some((venue, _, symbol)) = known else {
                let place = format!("{}:{}", path.display(), at + 1);
                return Err(Failure::new(
                    Code::Io,
                    format!(
                        "{place}: expected \"VENUE NUMBER SYMBOL\" with the venue's next number, found {line:?}; restore the file from a backup"
                    ),
                ));
            };
            venues
                .entry(venue.to_owned())
                .or_default()
                .push(symbol.to_owned());
        }
        Ok(Self { path, venues })
    }

    /// Adds the symbols of the feeds and makes the file durable.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the file cannot be written.
    pub fn add(&mut self, feeds: &[FeedConfig]) -> Result<(), Failure> {
        let mut changed = false;
        for feed in feeds {
            let Some(id) = feed.venue_id() else { continue };
            let symbols = self.venues.entry(id.to_string()).or_default();
            for pick in feed.picks() {
                let Pick::Symbol(symbol) = pick else { continue };
                if !symbols.contains(&symbol) {
                    symbols.push(symbol);
                    changed = true;
                }
            }
        }
        if changed {
            self.save_or_fail()?;
        }
        Ok(())
    }

    /// Adds symbols that reference data brought, in the order of their ids, and makes the file
    /// durable.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the file cannot be written.
    pub fn enrol(&mut self, venue: &str, symbols: &[Box<str>]) -> Result<(), Failure> {
        let known = self.venues.entry(venue.to_owned()).or_default();
        known.extend(symbols.iter().map(|symbol| symbol.to_string()));
        self.save_or_fail()
    }

    fn save_or_fail(&self) -> Result<(), Failure> {
        self.save().map_err(|error| {
            Failure::new(
                Code::CantCreate,
                format!("{}: {error}", self.path.display()),
            )
        })
    }

    /// The symbols of a venue, in id order.
    #[must_use]
    pub fn symbols(&self, venue: &str) -> &[String] {
        self.venues.get(venue).map_or(&[], Vec::as_slice)
    }

    fn save(&self) -> std::io::Result<()> {
        let mut text = String::new();
        for (venue, symbols) in &self.venues {
            for (index, symbol) in symbols.iter().enumerate() {
                let _ = writeln!(text, "{venue} {index} {symbol}");
            }
        }
        let temporary = self.path.with_extension("new");
        let mut file = File::create(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temporary, &self.path)?;
        let dir = self.path.parent().unwrap_or_else(|| Path::new("."));
        File::open(dir)?.sync_all()
    }
}

/// The text of the roster in a journal's directory; an absent file is empty.
pub(crate) fn text(dir: &Path) -> std::io::Result<String> {
    match std::fs::read_to_string(dir.join(FILE)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        other => other,
    }
}

/// Venue, number and symbol of a roster's line.
pub(crate) fn parse(line: &str) -> Option<(&str, usize, &str)> {
    let mut parts = line.splitn(3, ' ');
    Some((parts.next()?, parts.next()?.parse().ok()?, parts.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(instruments: &[&str]) -> FeedConfig {
        let list: Vec<String> = instruments
            .iter()
            .map(|symbol| format!("{symbol:?}"))
            .collect();
        toml::from_str(&format!(
            "venue = \"kraken\"\nproduct = \"spot\"\ninstruments = [{}]",
            list.join(",")
        ))
        .unwrap()
    }

    #[test]
    fn ids_survive_restarts_and_changed_configurations() {
        let dir = tempfile::tempdir().unwrap();
        let mut roster = Roster::load(dir.path()).unwrap();
        roster.add(&[feed(&["BTC/USD", "ETH/USD"])]).unwrap();
        let mut roster = Roster::load(dir.path()).unwrap();
        roster.add(&[feed(&["SOL/USD", "ETH/USD"])]).unwrap();
        let roster = Roster::load(dir.path()).unwrap();
        assert_eq!(
            roster.symbols("kraken-spot"),
            ["BTC/USD", "ETH/USD", "SOL/USD"]
        );
        assert!(roster.symbols("bybit-spot").is_empty());
    }

    #[test]
    fn a_damaged_file_is_refused_by_line() {
        let dir = tempfile::tempdir().unwrap();
        for text in [
            "kraken-spot 1 BTC/USD\n",
            "kraken-spot BTC/USD\n",
            "kraken-spot 0 A\n\n",
        ] {
            std::fs::write(dir.path().join(FILE), text).unwrap();
            assert_eq!(
                Roster::load(dir.path()).unwrap_err().code,
                Code::Io,
                "{text:?}"
            );
        }
    }
}
