//! Relays over real links: each host is a network namespace of this machine, joined by virtual
//! Ethernet. Over Aeron where the build has it, over the replay service alone where not.
//!
//! Needs the right to make namespaces (root). Where that is missing the tests say so by name and
//! pass; with `FEEDD_NAMESPACES=required` they fail then.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/fan.rs"]
mod fan;
#[path = "support/net.rs"]
mod net;

use std::path::{Path, PathBuf};
use std::time::Duration;

use fan::{Child, Copied, Source, wait_for};
use net::Net;

/// Longest wait for what has to arrive; the machine may be busy.
const LIMIT: Duration = Duration::from_secs(60);
const AERON: bool = cfg!(feature = "aeron");

/// Hosts, the files of their processes, and the relay's.
struct Stage {
    net: Net,
    dir: tempfile::TempDir,
    sources: usize,
}

impl Stage {
    /// `None` where namespaces cannot be made here.
    fn new(test: &str, sources: usize) -> Option<Self> {
        let net = match Net::new(sources) {
            Ok(net) => net,
            Err(why) => {
                assert!(std::env::var_os("FEEDD_NAMESPACES").is_none(), "{why}");
                eprintln!("skipped: {test}: network namespaces cannot be made here: {why}");
                return None;
            }
        };
        let dir = tempfile::tempdir().unwrap();
        let stage = Self { net, dir, sources };
        stage.write_relay();
        Some(stage)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn channel(&self, source: usize) -> String {
        let to = self.net.relay_addr(source);
        format!("channel = \"aeron:udp?endpoint={to}:9711\"\n")
    }

    /// The process that serves the journal of a source.
    fn publisher(&self, source: usize) -> Child {
        let mut text = format!(
            "[journal]\ndir = {:?}\n[aeron]\nterm = \"1MiB\"\n[publish]\nreplay = \"{}:9710\"\n",
            self.path(&format!("source-{source}")),
            self.net.source_addr(source)
        );
        if AERON {
            text += &self.channel(source);
        }
        let file = self.path(&format!("publish-{source}.toml"));
        std::fs::write(&file, text).unwrap();
        Child::start_in(
            &self.net.source(source),
            "publish",
            &file,
            &self.path("log"),
        )
    }

    fn write_relay(&self) {
        let mut text = format!(
            "[journal]\ndir = {:?}\nsegment = \"64KiB\"\n[relay]\nsilence = \"500ms\"\n",
            self.path("relay")
        );
        for source in 0..self.sources {
            let addr = self.net.source_addr(source);
            text += &format!("[[relay.source]]\nname = \"{source}\"\nreplay = \"{addr}:9710\"\n");
            if AERON {
                text += &self.channel(source);
            }
        }
        std::fs::write(self.path("relay.toml"), text).unwrap();
    }

    fn relay(&self) -> Child {
        let file = self.path("relay.toml");
        Child::start_in(&self.net.relay(), "relay", &file, &self.path("relay.log"))
    }

    fn source(&self, number: usize, symbols: &[&str]) -> Source {
        Source::new(&self.path(&format!("source-{number}")), symbols)
    }

    fn copied(&self) -> Copied {
        Copied::read(&self.path("relay"))
    }

    fn wait_for_records(&self, count: usize) {
        wait_for(LIMIT, || self.copied().records.len() >= count);
    }

    /// The relay's journal is the source's, byte for byte.
    fn assert_equal(&self, source: &Source) {
        let copied = self.copied();
        let number = copied.number_of(source);
        assert_eq!(copied.symbols_of(number), source.symbols());
        assert_eq!(copied.of_source(number).len(), source.payloads().len());
        assert!(copied.is_in_order_and_once());
        assert_eq!(copied.gaps(), []);
    }

    /// Stops the relay and tells how many frames came live, by its own report.
    fn live_frames(&self, mut relay: Child) -> u64 {
        relay.stop();
        let log = std::fs::read_to_string(self.path("relay.log")).unwrap();
        let count = |part: &str| {
            let digits = part.split(|c: char| !c.is_ascii_digit()).next();
            digits
                .and_then(|digits| digits.parse::<u64>().ok())
                .unwrap_or(0)
        };
        let stopped = log.lines().rev().find(|line| line.contains("RelayReport"));
        stopped.unwrap().split(" live: ").skip(1).map(count).sum()
    }
}

/// Appends at a steady rate, as a capture does.
fn append_slowly(source: &mut Source, stamps: std::ops::Range<usize>) {
    for stamp in stamps {
        source.append([stamp]);
        if stamp % 20 == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn exists(path: &Path) -> bool {
    path.join("sources").exists()
}

#[test]
fn a_link_that_loses_a_twentieth_loses_no_record() {
    let Some(stage) = Stage::new("a_link_that_loses_a_twentieth_loses_no_record", 1) else {
        return;
    };
    if let Err(why) = stage.net.lose(0, 5) {
        assert!(std::env::var_os("FEEDD_NAMESPACES").is_none(), "{why}");
        eprintln!("skipped: a_link_that_loses_a_twentieth_loses_no_record: {why}");
        return;
    }
    let mut source = stage.source(0, &["BTC/USD", "ETH/USD"]);
    let _publisher = stage.publisher(0);
    let relay = stage.relay();
    wait_for(LIMIT, || exists(&stage.path("relay")));
    // Some seconds: a link that loses may need that to come about.
    append_slowly(&mut source, 0..24_000);
    stage.wait_for_records(24_000);
    let live = stage.live_frames(relay);
    assert!(!AERON || live > 0, "nothing came live");
    stage.assert_equal(&source);
}

#[test]
fn a_dead_link_is_made_up_for_when_it_lives_again() {
    let Some(stage) = Stage::new("a_dead_link_is_made_up_for_when_it_lives_again", 1) else {
        return;
    };
    let mut source = stage.source(0, &["BTC/USD"]);
    let _publisher = stage.publisher(0);
    let relay = stage.relay();
    append_slowly(&mut source, 0..1_000);
    stage.wait_for_records(1_000);
    stage.net.link(0, false);
    append_slowly(&mut source, 1_000..16_000);
    assert_eq!(stage.copied().records.len(), 1_000, "the link is dead");
    stage.net.link(0, true);
    append_slowly(&mut source, 16_000..17_000);
    stage.wait_for_records(17_000);
    stage.live_frames(relay);
    stage.assert_equal(&source);
}

#[test]
fn a_late_joiner_and_a_restarted_source_have_everything_once() {
    let Some(stage) = Stage::new("a_late_joiner_and_a_restarted_source", 1) else {
        return;
    };
    let mut source = stage.source(0, &["BTC/USD", "ETH/USD"]);
    let mut publisher = stage.publisher(0);
    append_slowly(&mut source, 0..3_000);
    let mut relay = stage.relay();
    append_slowly(&mut source, 3_000..4_000);
    // The capture, its publisher and the relay begin anew, each in its own way.
    publisher.kill();
    source.restart();
    append_slowly(&mut source, 4_000..5_000);
    let _publisher = stage.publisher(0);
    relay.kill();
    append_slowly(&mut source, 5_000..6_000);
    let relay = stage.relay();
    append_slowly(&mut source, 6_000..7_000);
    stage.wait_for_records(7_000);
    stage.live_frames(relay);
    stage.assert_equal(&source);
}

#[test]
fn two_hosts_become_one_journal() {
    let Some(stage) = Stage::new("two_hosts_become_one_journal", 2) else {
        return;
    };
    let mut one = stage.source(0, &["BTC/USD", "ETH/USD"]);
    let mut two = stage.source(1, &["SOL/USD", "BTC/USD"]);
    let _publishers = [stage.publisher(0), stage.publisher(1)];
    let relay = stage.relay();
    let known = || {
        let sources = feedd::relay::origin::sources(&stage.path("relay"));
        sources.is_ok_and(|sources| sources.len() == 2)
    };
    wait_for(LIMIT, known);
    for stamp in 0..3_000 {
        let source = if stamp % 2 == 0 { &mut one } else { &mut two };
        append_slowly(source, stamp..stamp + 1);
    }
    stage.wait_for_records(3_000);
    let live = stage.live_frames(relay);
    assert!(!AERON || live > 0, "nothing came live");
    stage.assert_equal(&one);
    stage.assert_equal(&two);
    assert_eq!(stage.copied().records.len(), 3_000);
}
