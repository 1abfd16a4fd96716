//! The latency harness runs as one command, loses nothing, and writes what `feedctl hist` reads.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

fn quick(out: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_latency"))
        .args(["--quick", "--out"])
        .arg(out)
        .args(more)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The rows of the venues' tables: the cells between the bars.
fn rows(table: &str) -> Vec<Vec<&str>> {
    let lines = table.lines().filter(|line| line.starts_with("| "));
    lines
        .map(|line| line.split('|').map(str::trim).collect())
        .collect()
}

/// Cells of a run, beside those that are always the same: two loads, and the raw client.
struct Cells {
    venues: &'static [&'static str],
    channels: &'static [&'static str],
    transports: &'static [&'static str],
    polls: &'static [&'static str],
}

/// Eight cells.
const FEW: Cells = Cells {
    venues: &["binance", "kraken"],
    channels: &["mixed"],
    transports: &["tls"],
    polls: &["spin"],
};

/// Lines that carry one channel.
const SINGLE: Cells = Cells {
    venues: &["bybit"],
    channels: &["trade", "book"],
    transports: &["plain"],
    polls: &["carried"],
};

/// All that a quick run has.
const ALL: Cells = Cells {
    venues: &["binance", "bybit", "kraken"],
    channels: &["mixed", "trade", "book"],
    transports: &["plain", "tls"],
    polls: &["spin", "carried", "park"],
};

impl Cells {
    const LOADS: [&'static str; 2] = ["500", "20x20"];

    fn count(&self) -> usize {
        let parties = 1 + self.polls.len();
        let lines = self.venues.len() * self.channels.len();
        lines * self.transports.len() * Self::LOADS.len() * parties
    }

    /// Runs them and looks at all that a run leaves.
    fn run(&self, dir: &Path) {
        let [venues, channels, transports, polls] =
            [self.venues, self.channels, self.transports, self.polls].map(|list| list.join(","));
        let output = quick(
            dir,
            &[
                "--no-rivals",
                "--venue",
                &venues,
                "--channels",
                &channels,
                "--transport",
                &transports,
                "--poll",
                &polls,
            ],
        );
        let (told, wrong) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{told}\n{wrong}");
        assert!(!wrong.contains("not measured"), "{wrong}");
        let table = std::fs::read_to_string(dir.join(format!(
            "latency-{}-{}-{}.md",
            self.venues.join("+"),
            self.channels.join("+"),
            self.transports.join("+")
        )))
        .unwrap();
        assert_eq!(table, told.trim_end_matches('\n').to_owned() + "\n");
        self.assert_files(dir);
        self.assert_nothing_lost(&told);
    }

    fn assert_files(&self, dir: &Path) {
        for venue in self.venues {
            for channels in self.channels {
                self.assert_files_of(dir, &format!("{venue}-{channels}"));
            }
        }
    }

    fn log(&self, line: &str) -> String {
        format!("{line}-{}.hlog", self.transports.join("+"))
    }

    fn assert_files_of(&self, dir: &Path, line: &str) {
        let log = std::fs::read_to_string(dir.join(self.log(line))).unwrap();
        for transport in self.transports {
            for load in Self::LOADS {
                for poll in self.polls {
                    let tag = format!("Tag=end_to_end.feedd-{poll}.{transport}.{load},");
                    assert!(log.contains(&tag), "{tag} is missing in {line}'s log");
                }
                let plot = dir.join(format!("{line}-{transport}-{load}.svg"));
                let plot = std::fs::read_to_string(&plot).unwrap();
                assert!(plot.contains("<polyline"), "{line} {transport} {load}");
            }
        }
    }

    fn assert_nothing_lost(&self, told: &str) {
        let ends: Vec<_> = rows(told)
            .into_iter()
            .filter(|row| row.get(4) == Some(&"end_to_end"))
            .collect();
        assert_eq!(ends.len(), self.count(), "{told}");
        for row in ends {
            assert!(["250", "200"].contains(&row[11]), "count: {row:?}");
            assert_eq!(row[12], "0", "lost: {row:?}");
        }
        for note in ["gaps", "rejects", "records lost"] {
            assert!(!told.contains(note), "{told}");
        }
    }
}

#[test]
fn a_quick_run_loses_nothing_and_writes_tables_logs_and_plots() {
    let dir = tempfile::tempdir().unwrap();
    FEW.run(dir.path());
}

#[test]
fn lines_of_one_channel_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    SINGLE.run(dir.path());
}

#[test]
fn rivals_that_are_not_built_or_cannot_take_a_line_are_told_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let programs = dir.path().join("programs");
    std::fs::create_dir(&programs).unwrap();
    // It never runs: the line speaks another version of the API.
    std::fs::write(programs.join("barter-line"), "").unwrap();
    let output = quick(
        &dir.path().join("out"),
        &[
            "--venue",
            "kraken",
            "--channels",
            "trade",
            "--transport",
            "plain",
            "--poll",
            "park",
            "--rivals",
            programs.to_str().unwrap(),
        ],
    );
    let (told, wrong) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{told}\n{wrong}");
    for name in ["tungstenite-serde", "cryptofeed"] {
        assert!(wrong.contains(&format!("{name} is left out")), "{wrong}");
        assert!(!told.contains(name), "{told}");
    }
    assert!(told.contains("* barter-data, not had: "), "{told}");
}

#[test]
#[ignore = "144 cells of two seconds: cargo test -p feedd-benches --test latency -- --ignored"]
fn a_quick_run_of_all_cells_loses_nothing_and_feedctl_reads_its_logs() {
    let dir = tempfile::tempdir().unwrap();
    ALL.run(dir.path());
    assert_hist_reads(dir.path());
}

/// `feedctl` is another package's program: cargo knows where it is.
fn assert_hist_reads(dir: &Path) {
    let output = Command::new(env!("CARGO"))
        .args([
            "run",
            "--quiet",
            "--package",
            "feedctl",
            "--",
            "hist",
            "--json",
        ])
        .args(
            ["binance", "bybit", "kraken"]
                .map(|venue| dir.join(format!("{venue}-mixed-plain+tls.hlog"))),
        )
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let (told, wrong) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{told}\n{wrong}");
    for stage in [
        "schedule",
        "sender_user",
        "user_decoded",
        "decoded_published",
        "published_journaled",
        "end_to_end",
    ] {
        let tag = format!("{stage}.feedd-spin.tls.500");
        assert!(told.contains(&tag), "{tag} is missing in {told}");
    }
}

#[test]
fn a_recording_is_sent_as_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    let recording = dir.path().join("recording");
    let trade = |number: u64| {
        format!(
            "{number} {{\"stream\":\"btcusdt@trade\",\"data\":{{\"e\":\"trade\",\"E\":1700000000000,\"s\":\"BTCUSDT\",\"t\":{number},\"p\":\"64511.88000000\",\"q\":\"0.01000000\",\"T\":1700000000000,\"m\":true,\"M\":true}}}}\n"
        )
    };
    let lines: String = (1..=40).map(trade).collect();
    std::fs::write(
        &recording,
        lines + "41 {\"lastUpdateId\":1,\"bids\":[],\"asks\":[]}\n",
    )
    .unwrap();
    let path = recording.to_str().unwrap();
    let output = quick(
        &dir.path().join("out"),
        &[
            "--no-rivals",
            "--venue",
            "binance",
            "--channels",
            "mixed",
            "--transport",
            "plain",
            "--poll",
            "park",
            "--recorded",
            path,
            "--symbol",
            "BTCUSDT",
        ],
    );
    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", text(&output.stderr));
    let ends: Vec<_> = rows(&told)
        .into_iter()
        .filter(|row| row.get(4) == Some(&"end_to_end"))
        .collect();
    assert_eq!(ends.len(), 4, "two loads, two parties: {told}");
    assert!(
        ends.iter().all(|row| row[11] == "40" && row[12] == "0"),
        "{told}"
    );
}
