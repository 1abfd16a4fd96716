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
