//! In steady state a message costs the reader's thread no system call beyond the read that brings it.
//!
//! The whole daemon runs in this process against a simulated venue, and `strace -c` counts the calls
//! of the reader's thread alone, until enough messages have come. What is called by the clock (turns
//! of the event loop, ticks, histograms handed on) is bounded by the time that passed. Where strace
//! is not installed or may not attach, the test says so and passes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use feedd::config::{Bytes, Span};
use feedd::pipeline::Pipeline;
use rustix::process::{Pid, Signal, kill_process};
use support::{Rig, market, thread_named, wait_for};
use venue_sim::{Product, SimConfig};

/// Messages that are taken before it counts: every book is live by then.
const WARM: u64 = 4_000;
/// Messages while it counts, at least.
const COUNTED: u64 = 3_000;
/// Calls by the clock in a second, at most: ticks that wake the event loop, histograms handed to the
/// monitor. A parked reader sleeps as often.
const BY_THE_CLOCK: u64 = 100;
/// Turns of the event loop in a second, at most, of a reader that spins.
const TURNS: u64 = 5_000;
/// What a capture fills in less time than it runs holds no roll of the journal: that wakes threads.
const SEGMENT: Bytes = Bytes(16 << 20);

/// One capture at a time: a reader's thread is known by its name.
static ALONE: Mutex<()> = Mutex::new(());

/// How a reader waits: as `feed.poll` says, or spinning with the journal's work as well.
const WAYS: [&str; 3] = ["park", "spin", "carry"];

/// What one thread called while messages came.
#[derive(Debug)]
struct Traced {
    messages: u64,
    /// Records that were journaled.
    journaled: u64,
    /// Whether the journal's thread did nothing.
    journal_slept: bool,
    /// Seconds, rounded up.
    seconds: u64,
    /// By name: calls, and those of them that failed.
    calls: BTreeMap<String, (u64, u64)>,
}

impl Traced {
    fn of(&self, name: &str) -> u64 {
        self.calls.get(name).map_or(0, |(calls, _)| *calls)
    }

    /// Reads that brought something.
    fn heard(&self) -> u64 {
        let read = self.calls.get("recvmsg");
        read.map_or(0, |(calls, failed)| calls - failed)
    }

    /// Looks for events, as this processor's kernel calls it.
    fn looks(&self) -> u64 {
        self.of("epoll_wait") + self.of("epoll_pwait")
    }

    /// Everything else. Where the kernel's clock source needs a call, reading the clock is one.
    fn others(&self) -> u64 {
        let total: u64 = self.calls.values().map(|(calls, _)| calls).sum();
        let known = ["recvmsg", "setsockopt", "clock_gettime"];
        total - self.looks() - known.map(|name| self.of(name)).iter().sum::<u64>()
    }
}

/// A trace that runs; dropping it ends it.
struct Strace(Child);

impl Strace {
    /// Attaches to a thread; nothing where the host does not let it.
    fn attach(thread: i32, table: &Path) -> Option<Self> {
        let mut command = Command::new("strace");
        command.arg("-c").arg("-o").arg(table);
        command.arg("-p").arg(thread.to_string());
        let child = command.stderr(Stdio::null()).spawn();
        let mut strace = Self(child.ok()?);
        let (mut attached, mut ended) = (false, false);
        wait_for("strace attaches or gives up", || {
            attached = !status(thread, "TracerPid").ends_with("\t0");
            ended = strace.0.try_wait().unwrap().is_some();
            attached || ended
        });
        (attached && !ended).then_some(strace)
    }

    /// Detaches; the table is complete then.
    fn detach(mut self) {
        kill_process(Pid::from_child(&self.0), Signal::INT).unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One line of what the kernel tells of a thread.
fn status(thread: i32, key: &str) -> String {
    let all = fs::read_to_string(format!("/proc/self/task/{thread}/status")).unwrap();
    let line = all.lines().find(|line| line.starts_with(key));
    line.unwrap_or_default().to_owned()
}

/// The table that `strace -c` writes: share, seconds, microseconds a call, calls, errors if any, name.
fn calls(table: &str) -> BTreeMap<String, (u64, u64)> {
    let lines = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (name, calls) = (*fields.last()?, fields.get(3)?.parse().ok()?);
        let failed = fields[4..fields.len() - 1].first();
        let failed = failed.map_or(0, |failed| failed.parse().unwrap());
        (name != "total").then(|| (name.to_owned(), (calls, failed)))
    });
    lines.collect()
}

/// A venue and a daemon that captures it in this way.
fn rig(tls: bool, way: &str) -> Rig {
    let mut rig = Rig::with(&SimConfig {
        tls,
        ..market(&[Product::BinanceSpot], 3_000)
    });
    for feed in &mut rig.config.feeds {
        feed.poll = if way == "park" { "park" } else { "spin" }.to_owned();
        feed.channels = ["trade", "bbo", "book"].map(str::to_owned).to_vec();
        feed.audit_every = Span::from_millis(0);
        feed.liveness_ceiling = Span::from_millis(0);
    }
    if way == "carry" {
        rig.config.threads.journal_poll = "reader".to_owned();
    }
    rig.config.journal.segment = SEGMENT;
    rig.config.check().unwrap();
    rig
}

/// Captures one venue until it is warm, then traces; nothing where the host does not let it.
fn trace(tls: bool, way: &str) -> Option<Traced> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let rig = rig(tls, way);
    let (pipeline, _) = Pipeline::start(&rig.config).unwrap();
    let messages = || pipeline.feeds()[0].counts.frames;
    wait_for("everything is warm", || messages() > WARM);
    let table = rig.dir.path().join("calls");
    let reader = thread_named("reader-0").unwrap();
    let strace = Strace::attach(reader, &table);
    let traced = strace.map(|strace| {
        let journal = thread_named("journal").unwrap();
        let switches = || status(journal, "voluntary_ctxt_switches");
        let (since, switches_before) = (Instant::now(), switches());
        let (before, journaled) = (messages(), pipeline.journal().records);
        wait_for("messages", || messages() >= before + COUNTED);
        let journal_slept = switches() == switches_before;
        strace.detach();
        Traced {
            messages: messages() - before,
            journaled: pipeline.journal().records - journaled,
            journal_slept,
            seconds: since.elapsed().as_secs() + 1,
            calls: calls(&fs::read_to_string(&table).unwrap()),
        }
    });
    pipeline.stop().unwrap();
    match &traced {
        Some(traced) => eprintln!("tls {tls}, {way}: {traced:?}"),
        None => eprintln!("skipped: strace is not installed or may not attach"),
    }
    traced
}

/// What holds however the reader waits.
fn assert_no_call_of_a_message(way: &str, traced: &Traced) {
    let clock = BY_THE_CLOCK * traced.seconds;
    let heard = traced.heard();
    assert!(heard > 0, "{traced:?} shows nothing");
    assert!(heard <= traced.messages + clock, "{way}: {traced:?}");
    assert!(traced.others() <= clock, "{way}: {traced:?}");
    let looks = match way {
        "park" => heard + clock,
        _ => TURNS * traced.seconds,
    };
    assert!(traced.looks() <= looks, "{way}: {traced:?}");
    if way == "carry" {
        assert!(traced.journal_slept, "{traced:?}");
        assert!(traced.journaled >= traced.messages / 2, "{traced:?}");
    }
}

#[test]
fn a_message_costs_no_system_call_beyond_the_read() {
    for way in WAYS {
        let Some(traced) = trace(false, way) else {
            return;
        };
        assert_no_call_of_a_message(way, &traced);
        assert_eq!(traced.of("setsockopt"), 0, "{way}: {traced:?}");
    }
}

/// `quick_ack` is `"tls"` by default.
#[test]
fn under_tls_a_read_costs_its_acknowledgement_and_nothing_else() {
    for way in WAYS {
        let Some(traced) = trace(true, way) else {
            return;
        };
        assert_no_call_of_a_message(way, &traced);
        let asked = traced.of("setsockopt");
        assert!(asked <= traced.heard() + 1, "{way}: {traced:?}");
    }
}
