//! What the host granted is told once, at start, and the daemon captures whatever it refused.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use support::Rig;
use venue_sim::Product;

#[test]
fn every_wish_is_answered_in_one_event_and_the_daemon_captures() {
    let mut rig = Rig::new(&[Product::KrakenSpot], 50);
    rig.config.threads.reader_cores = vec![0];
    // No such core.
    rig.config.threads.journal_core = Some(1000);
    rig.config.host.fifo_priority = 1;
    rig.config.host.cpu_dma_latency_us = Some(100);
    let (daemon, mut journal) = rig.live_daemon();
    let (ended, _) = rig.finish(daemon, &mut journal);
    let told: Vec<&str> = ended
        .log
        .lines()
        .filter(|line| line.contains("reader-0.core"))
        .collect();
    assert_eq!(told.len(), 1, "{}", ended.log);
    for answer in [
        "others.cores: ",
        "reader-0.core: 0",
        "reader-0.priority: ",
        "reader-0.memory: touched on node ",
        "journal.core: core 1000: ",
        "journal.priority: ",
        "cpu_latency: ",
    ] {
        assert!(told[0].contains(answer), "{answer} is not in {}", told[0]);
    }
}

#[test]
fn who_carries_the_journal_is_told() {
    let mut rig = Rig::new(&[Product::KrakenSpot], 50);
    rig.config.feeds[0].poll = "spin".to_owned();
    rig.config.threads.journal_poll = "reader".to_owned();
    let (daemon, mut journal) = rig.live_daemon();
    let (ended, _) = rig.finish(daemon, &mut journal);
    let told = "journal.carrier: reader-0";
    assert!(ended.log.contains(told), "{}", ended.log);
}

#[test]
fn threads_are_named_as_operators_look_for_them() {
    let rig = Rig::new(&[Product::KrakenSpot], 50);
    let (daemon, _) = rig.live_daemon();
    let tasks = std::fs::read_dir(format!("/proc/{}/task", daemon.pid())).unwrap();
    let names: Vec<String> = tasks
        .map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap())
        .map(|name| name.trim().to_owned())
        .collect();
    for name in ["reader-0", "journal", "monitor"] {
        assert!(names.iter().any(|one| one == name), "{name}: {names:?}");
    }
    assert_eq!(daemon.stop().code, Some(0));
}

#[test]
fn nothing_but_the_reader_runs_on_its_core() {
    let cores = std::thread::available_parallelism().unwrap().get();
    if cores < 2 {
        eprintln!("skipped: this host has one core");
        return;
    }
    let mut rig = Rig::new(&[Product::BinanceSpot], 50);
    rig.config.threads.reader_cores = vec![0];
    rig.config.sinks.parquet.enabled = true;
    let (daemon, mut journal) = rig.live_daemon();
    let tasks = std::fs::read_dir(format!("/proc/{}/task", daemon.pid())).unwrap();
    let placed: Vec<(String, String)> = tasks.map(|task| placed(&task.unwrap().path())).collect();
    let on_the_core = placed.iter().filter(|(_, cores)| {
        let mut ranges = cores.split(',');
        ranges.any(|range| range.split('-').next() == Some("0"))
    });
    let names: Vec<&str> = on_the_core.map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"reader-0"), "{placed:?}");
    for name in ["rest-binance", "helpers", "journal", "monitor", "budgets"] {
        let found = placed.iter().any(|(found, _)| found.starts_with(name));
        assert!(found, "{name}: {placed:?}");
        assert!(!names.iter().any(|one| one.starts_with(name)), "{placed:?}");
    }
    rig.finish(daemon, &mut journal);
}

/// Name and allowed cores of a thread.
fn placed(task: &std::path::Path) -> (String, String) {
    let read = |file: &str| std::fs::read_to_string(task.join(file)).unwrap_or_default();
    let status = read("status");
    let allowed = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let name = read("comm").trim().to_owned();
    (name, allowed.unwrap_or_default().trim().to_owned())
}
