//! Relays over the replay service: what stands in the sources' journals stands in the relay's, once,
//! whatever happens on the way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/fan.rs"]
mod fan;

use std::time::{Duration, Instant};

use fan::{Copied, Source, relay_config, wait_for};
use feedd::relay::config::{Begin, FanConfig};
use feedd::relay::relaying::Relay;

/// Runs a relay in this thread until its journal has `count` records.
fn relay_until(config: &FanConfig, count: usize) {
    relay_while(config, |records| records < count);
}

/// Runs a relay in this thread as long as `more` wants, told the number of its records.
fn relay_while(config: &FanConfig, mut more: impl FnMut(usize) -> bool) {
    let lives = config.relay.sources.iter().map(|_| None).collect();
    let relay = Relay::open(config, || Ok(lives)).unwrap();
    let (since, mut looked) = (Instant::now(), Instant::now());
    let stop = || {
        assert!(since.elapsed() < Duration::from_secs(60), "too slow");
        if looked.elapsed() < Duration::from_millis(20) {
            return false;
        }
        looked = Instant::now();
        !more(Copied::read(&config.journal.dir).records.len())
    };
    relay.run(stop).unwrap();
}

#[test]
fn a_relay_of_one_source_has_its_very_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let mut source = Source::new(&dir.path().join("a"), &["BTC/USD", "ETH/USD"]);
    source.append(0..3_000);
    let server = source.serve();
    let config = relay_config(dir.path(), &[server.addr()]);
    relay_until(&config, 3_000);
    source.append(3_000..3_500);
    relay_until(&config, 3_500);
    let copied = Copied::read(&config.journal.dir);
    assert_eq!(copied.of_source(0), source.payloads());
    assert!(copied.is_in_order_and_once());
}

#[test]
fn a_relay_that_begins_anew_at_any_moment_repeats_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut source = Source::new(&dir.path().join("a"), &["BTC/USD"]);
    let server = source.serve();
    let config = relay_config(dir.path(), &[server.addr()]);
    for round in 1..=8 {
        source.append((round - 1) * 500..round * 500);
        // Stopped somewhere in the middle, and at times without the file that shortens its start.
        relay_until(&config, round * 500 - 250);
        if round % 2 == 0 {
            std::fs::remove_file(config.journal.dir.join("positions")).unwrap();
        }
    }
    relay_until(&config, 4_000);
    let copied = Copied::read(&config.journal.dir);
    assert_eq!(copied.of_source(0), source.payloads());
    assert!(copied.is_in_order_and_once());
}

#[test]
fn a_late_joiner_that_wants_the_newest_has_no_history_and_everything_since() {
    let dir = tempfile::tempdir().unwrap();
    let mut source = Source::new(&dir.path().join("a"), &["BTC/USD", "ETH/USD"]);
    source.append(0..3_000);
    let server = source.serve();
    let mut config = relay_config(dir.path(), &[server.addr()]);
    config.relay.begin = Begin::Newest;
    relay_until(&config, 1);
    // Away for a while: what it has taken once, it goes on with.
    source.append(3_000..3_500);
    relay_until(&config, 501);
    let copied = Copied::read(&config.journal.dir);
    assert_eq!(copied.of_source(0), source.payloads()[2_999..]);
    assert!(copied.is_in_order_and_once() && copied.gaps().is_empty());
}

#[test]
fn a_relay_that_wants_the_newest_takes_all_of_a_source_that_has_nothing_yet() {
    let dir = tempfile::tempdir().unwrap();
    let mut source = Source::new(&dir.path().join("a"), &["BTC/USD"]);
    let server = source.serve();
    let mut config = relay_config(dir.path(), &[server.addr()]);
    config.relay.begin = Begin::Newest;
    let mut looks = 0;
    relay_while(&config, |records| {
        looks += 1;
        if looks == 10 {
            source.append(0..1);
        }
        if looks == 20 {
            source.append(1..300);
        }
        records < 300
    });
    let copied = Copied::read(&config.journal.dir);
    assert_eq!(copied.of_source(0), source.payloads());
}

#[test]
fn two_sources_become_one_journal_in_the_order_of_receipt() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = Source::new(&dir.path().join("a"), &["BTC/USD", "ETH/USD"]);
    let mut two = Source::new(&dir.path().join("b"), &["SOL/USD", "BTC/USD"]);
    one.append((0..4_000).step_by(2));
    two.append((1..4_000).step_by(2));
    let (first, second) = (one.serve(), two.serve());
    let mut config = relay_config(dir.path(), &[first.addr(), second.addr()]);
    // Everything is there before the first may go.
    config.relay.window = feedd::config::Span::from_millis(2_000);
    relay_until(&config, 4_000);
    let copied = Copied::read(&config.journal.dir);
    assert!(copied.is_in_order_and_once());
    assert!(copied.stamps().is_sorted());
    // The first to be met keeps its ids; the other's are told by symbol.
    for source in [&one, &two] {
        let number = copied.number_of(source);
        assert_eq!(
            copied.symbols_of(number),
            source.symbols(),
            "source {number}"
        );
        assert_eq!(copied.of_source(number).len(), 2_000);
    }
}

#[test]
fn a_restarted_source_goes_on_and_a_new_journal_is_another_source() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    let mut source = Source::new(&path, &["BTC/USD"]);
    source.append(0..500);
    let server = source.serve();
    let config = relay_config(dir.path(), &[server.addr()]);
    relay_until(&config, 500);
    source.restart();
    source.append(500..900);
    relay_until(&config, 900);
    let before = source.payloads();
    assert_eq!(Copied::read(&config.journal.dir).of_source(0), before);
    // The directory is made anew under the service and the relay.
    let (mut fresh, mut looks) = (None, 0);
    relay_while(&config, |records| {
        looks += 1;
        if looks == 10 {
            source.close();
            std::fs::rename(&path, dir.path().join("old")).unwrap();
            let mut made = Source::new(&path, &["ETH/USD"]);
            made.append(0..300);
            fresh = Some(made);
        }
        records < 1_200
    });
    let fresh = fresh.unwrap();
    let copied = Copied::read(&config.journal.dir);
    assert_eq!(copied.of_source(0), before);
    assert_eq!(copied.symbols_of(1), fresh.symbols());
    assert!(copied.is_in_order_and_once());
}

#[test]
fn what_retention_took_stands_in_the_relays_journal_as_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    let mut source = Source::new(&path, &["BTC/USD"]);
    source.append(0..100);
    let server = source.serve();
    let config = relay_config(dir.path(), &[server.addr()]);
    relay_until(&config, 100);
    source.append(100..3_000);
    source.restart();
    source.remove_oldest_segments(2);
    let kept = source.payloads().len();
    relay_until(&config, 100 + 1 + kept);
    let copied = Copied::read(&config.journal.dir);
    let gaps = copied.gaps();
    assert_eq!(gaps, [(101, 3_000 - kept as u64)]);
    assert!(copied.is_in_order_and_once());
}

/// The process is killed again and again; what it wrote is never written again.
#[test]
fn a_killed_relay_process_repeats_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut source = Source::new(&dir.path().join("a"), &["BTC/USD", "ETH/USD"]);
    let server = source.serve();
    let config = relay_config(dir.path(), &[server.addr()]);
    let file = dir.path().join("relay.toml");
    std::fs::write(&file, toml::to_string(&config).unwrap()).unwrap();
    for round in 1..=5_usize {
        let mut child = fan::Child::start("relay", &file);
        source.append((round - 1) * 1_000..round * 1_000);
        wait_for(Duration::from_secs(30), || {
            Copied::read(&config.journal.dir).records.len() > (round - 1) * 1_000 + 100
        });
        child.kill();
    }
    let mut child = fan::Child::start("relay", &file);
    source.append(5_000..5_500);
    wait_for(Duration::from_secs(30), || {
        Copied::read(&config.journal.dir).records.len() >= 5_500
    });
    child.stop();
    let copied = Copied::read(&config.journal.dir);
    assert_eq!(copied.of_source(0), source.payloads());
    assert!(copied.is_in_order_and_once());
}

#[test]
#[cfg(not(feature = "aeron"))]
fn a_channel_without_aeron_in_the_build_is_refused_with_the_way_to_build_it() {
    let dir = tempfile::tempdir().unwrap();
    for (command, text) in [
        (
            "publish",
            "[publish]\nreplay = \"127.0.0.1:0\"\nchannel = \"aeron:ipc\"",
        ),
        (
            "relay",
            "[[relay.source]]\nname = \"a\"\nreplay = \"127.0.0.1:1\"\nchannel = \"aeron:ipc\"",
        ),
    ] {
        let file = dir.path().join("fan.toml");
        let journal = dir.path().join(command);
        std::fs::create_dir_all(journal.join("records")).unwrap();
        let text = format!("[journal]\ndir = {journal:?}\n{text}");
        std::fs::write(&file, text).unwrap();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_feedd"))
            .args([command, "-c"])
            .arg(&file)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(78), "{command}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("--features aeron"), "{told}");
    }
}
