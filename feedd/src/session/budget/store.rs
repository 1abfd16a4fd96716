//! The budgets' file: what was booked and what is stopped, by wall clock.
//!
//! ```text
//! feedd budgets 1 running
//! use rest:binance-spot 1795365536000000000 270
//! stop rest:binance-spot 1795365600000000000 HTTP status 418
//! ```
//!
//! Written whole beside the old one and renamed, so that a killed process leaves one or the other.
//! It is not synced: after a power loss it may be empty, which is an unreadable file, and the next
//! start is careful. `running` says that bookings may follow the last write; a clean stop writes
//! `stopped`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Below the journal's directory.
const PLACE: &str = "state/budgets";
const TITLE: &str = "feedd budgets 1";
/// A file of all accounts has some thousand lines; more is not ours.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// What a file tells of one account; times are wall clock ns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) uses: Vec<(i64, u32)>,
    pub(super) stop: Option<(i64, String)>,
}

/// The accounts of a file.
pub(super) type Accounts = BTreeMap<String, Kept>;

/// How the process before ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// By a clean stop: the file is complete.
    Stopped,
    /// Unannounced: bookings may be missing.
    Running,
    /// Nothing is known, and why.
    Unknown(String),
}

/// The file of one journal.
#[derive(Clone, Debug)]
pub(super) struct Store(PathBuf);

impl Store {
    pub(super) fn new(journal: &Path) -> Self {
        Self(journal.join(PLACE))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Reads what the process before left.
    pub(super) fn load(&self) -> (Accounts, Before) {
        let unknown = |why: String| (Accounts::new(), Before::Unknown(why));
        match std::fs::metadata(&self.0) {
            Ok(found) if found.len() > FILE_BYTES_MAX => {
                return unknown(format!("longer than {FILE_BYTES_MAX} bytes"));
            }
            Ok(_) => {}
            Err(error) => return unknown(error.to_string()),
        }
        match std::fs::read_to_string(&self.0) {
            Ok(text) => parse(&text).unwrap_or_else(unknown),
            Err(error) => unknown(error.to_string()),
        }
    }

    /// Writes the whole.
    pub(super) fn save(&self, accounts: &Accounts, running: bool) -> std::io::Result<()> {
        if let Some(dir) = self.0.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let temporary = self.0.with_extension("new");
        std::fs::write(&temporary, show(accounts, running))?;
        std::fs::rename(&temporary, &self.0)
    }
}

fn show(accounts: &Accounts, running: bool) -> String {
    let state = if running { "running" } else { "stopped" };
    let mut text = format!("{TITLE} {state}\n");
    for (key, kept) in accounts {
        for (at, amount) in &kept.uses {
            let _ = writeln!(text, "use {key} {at} {amount}");
        }
        if let Some((until, reason)) = &kept.stop {
            let _ = writeln!(
                text,
                "stop {key} {until} {}",
                reason.replace(['\n', '\r'], " ")
            );
        }
    }
    // A file that was cut short lacks it.
    text.push_str("end\n");
    text
}

fn parse(text: &str) -> Result<(Accounts, Before), String> {
    let mut lines = text.lines();
    let before = match lines.next().and_then(|line| line.strip_prefix(TITLE)) {
        Some(" running") => Before::Running,
        Some(" stopped") => Before::Stopped,
        _ => return Err(format!("line 1: expected \"{TITLE}\"")),
    };
    let mut accounts = Accounts::new();
    let mut ended = false;
    for (at, line) in lines.enumerate() {
        if ended {
            return Err(format!("line {}: text behind the end", at + 2));
        }
        ended = line == "end";
        if !ended {
            take(line, &mut accounts).ok_or_else(|| format!("line {}: {line:?}", at + 2))?;
        }
    }
    if ended {
        Ok((accounts, before))
    } else {
        Err("cut short".to_owned())
    }
}

fn take(line: &str, accounts: &mut Accounts) -> Option<()> {
    let mut parts = line.splitn(4, ' ');
    let (what, key) = (parts.next()?, parts.next()?);
    let (time, last) = (parts.next()?.parse().ok()?, parts.next()?);
    let kept = accounts.entry(key.to_owned()).or_default();
    match what {
        "use" => kept.uses.push((time, last.parse().ok()?)),
        "stop" => kept.stop = Some((time, last.to_owned())),
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Accounts {
        let full = Kept {
            uses: vec![(1_000, 5), (2_000, 7)],
            stop: Some((9_000, "HTTP status 418".to_owned())),
        };
        let stopped = Kept {
            uses: Vec::new(),
            stop: Some((1, "two\nlines".to_owned())),
        };
        Accounts::from([
            ("line:kraken@host".to_owned(), full),
            ("rest:bybit".to_owned(), stopped),
        ])
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        let mut expected = accounts();
        for (running, before) in [(true, Before::Running), (false, Before::Stopped)] {
            store.save(&accounts(), running).unwrap();
            if let Some(kept) = expected.get_mut("rest:bybit") {
                kept.stop = Some((1, "two lines".to_owned()));
            }
            assert_eq!(store.load(), (expected.clone(), before));
        }
    }

    #[test]
    fn a_file_cut_anywhere_or_absent_is_unknown() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        assert!(matches!(store.load().1, Before::Unknown(_)));
        store.save(&accounts(), true).unwrap();
        let whole = std::fs::read(store.path()).unwrap();
        // The last byte is the end of the last line: without it nothing is missing.
        for length in 0..whole.len() - 1 {
            std::fs::write(store.path(), &whole[..length]).unwrap();
            let (found, before) = store.load();
            assert!(matches!(before, Before::Unknown(_)), "{length}");
            assert!(found.is_empty());
        }
    }

    #[test]
    fn foreign_text_is_unknown_and_names_its_line() {
        for (text, line) in [
            ("", "line 1"),
            ("feedd budgets 2 running\nend\n", "line 1"),
            ("feedd budgets 1 running\nuse a b 1\nend\n", "line 2"),
            ("feedd budgets 1 running\nuse a 1 -1\nend\n", "line 2"),
            ("feedd budgets 1 running\nend\nuse a 1 1\n", "line 3"),
        ] {
            let said = parse(text).unwrap_err();
            assert!(said.contains(line), "{text:?}: {said}");
        }
    }
}
