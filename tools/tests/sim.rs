//! `feedctl sim`: what it prints, that it answers, how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use support::{feedctl, run};

/// No test waits longer than this for anything.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest life of a simulation that a failing test leaves behind.
const LIFE: &str = "60";

/// Starts a simulation and reads the `products` endpoints that it prints.
fn start(args: &[&str], products: usize) -> (Child, Vec<Value>) {
    let mut command = feedctl();
    command
        .args(["sim", "--json", "--seconds", LIFE])
        .args(args);
    let mut child = command.spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let lines = out.lines().take(products);
    let endpoints = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap());
    let endpoints = endpoints.collect();
    (child, endpoints)
}

/// Signals the simulation and returns its exit code.
fn stop(mut child: Child, signal: Signal) -> Option<i32> {
    let asked = Instant::now();
    kill_process(Pid::from_child(&child), signal).unwrap();
    let status = child.wait().unwrap();
    assert!(
        asked.elapsed() < PATIENCE,
        "took {:?} to stop",
        asked.elapsed()
    );
    status.code()
}

fn get(rest_url: &str, path: &str) -> String {
    let address = rest_url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn printed_endpoints_answer_and_a_signal_ends_it_cleanly() {
    for signal in [Signal::TERM, Signal::INT] {
        let (child, endpoints) = start(&["--product", "binance-spot"], 1);
        let endpoint = &endpoints[0];
        assert_eq!(endpoint["product"], "binance-spot");
        assert!(
            endpoint["ws_url"]
                .as_str()
                .unwrap()
                .starts_with("ws://127.0.0.1:")
        );
        let rest_url = endpoint["rest_url"].as_str().unwrap();
        let answer = get(rest_url, "/api/v3/depth?symbol=BTCUSDT&limit=5");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("\"lastUpdateId\""), "{answer}");
        assert_eq!(stop(child, signal), Some(0));
    }
}

#[test]
fn all_products_are_served_unless_some_are_named() {
    let (child, endpoints) = start(&[], 9);
    let names: Vec<&str> = endpoints
        .iter()
        .filter_map(|end| end["product"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "binance-spot",
            "binance-usdm",
            "binance-coinm",
            "bybit-spot",
            "bybit-linear",
            "bybit-inverse",
            "bybit-option",
            "kraken-spot",
            "kraken-futures"
        ]
    );
    stop(child, Signal::TERM);
}

#[test]
fn with_tls_the_authority_is_written_before_the_endpoints_are_printed() {
    let dir = tempfile::tempdir().unwrap();
    let pem = dir.path().join("ca.pem");
    let (child, endpoints) = start(
        &["--product", "kraken-spot", "--tls", pem.to_str().unwrap()],
        1,
    );
    assert!(
        endpoints[0]["ws_url"]
            .as_str()
            .unwrap()
            .starts_with("wss://127.0.0.1:")
    );
    let pem = fs::read_to_string(pem).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
    stop(child, Signal::TERM);
}

#[test]
fn a_recording_is_replayed_and_seconds_end_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("session");
    fs::write(&file, "17 {\"channel\":\"heartbeat\"}\n").unwrap();
    let replay = format!("kraken-spot={}", file.display());
    let args = [
        "sim",
        "--product",
        "kraken-spot",
        "--replay",
        &replay,
        "--speed",
        "max",
    ];
    let begun = Instant::now();
    let run = run(&[&args[..], &["--seconds", "1"]].concat());
    assert_eq!((run.code, &*run.talk), (0, ""));
    assert!(
        run.out.starts_with("kraken-spot ws://127.0.0.1:"),
        "{}",
        run.out
    );
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_scenario_plays_and_the_tape_shows_it() {
    let dir = tempfile::tempdir().unwrap();
    let (scenario, tape) = (
        dir.path().join("scenario.toml"),
        dir.path().join("tape.jsonl"),
    );
    let text = "[[at]]\ntime = \"0s\"\nfault = \"clock-jump\"\nvenue = \"kraken\"\nby = \"+5s\"\nfor = \"1s\"\n";
    fs::write(&scenario, text).unwrap();
    let files = [scenario.to_str().unwrap(), tape.to_str().unwrap()];
    let args = ["sim", "--product", "kraken-spot", "--seconds", "1"];
    let run = run(&[&args[..], &["--scenario", files[0], "--tape", files[1]]].concat());
    assert_eq!((run.code, &*run.talk), (0, ""));
    let tape = fs::read_to_string(tape).unwrap();
    let lines: Vec<Value> = tape
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.iter().any(|line| line["mark"] == "order"));
    assert!(
        lines
            .iter()
            .any(|line| line["channel"] == "trade" && line["venue"] == "kraken")
    );
}

#[test]
fn a_scenario_that_makes_no_sense_is_named_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let scenario = dir.path().join("scenario.toml");
    fs::write(&scenario, "[[at]]\ntime = \"0s\"\nfault = \"hael\"\n").unwrap();
    let run = run(&[
        "sim",
        "--seconds",
        "0",
        "--scenario",
        scenario.to_str().unwrap(),
    ]);
    assert_eq!(run.code, 66);
    assert!(
        run.talk.contains("line 3") && run.talk.contains("`heal`"),
        "{}",
        run.talk
    );
}

#[test]
fn contradictions_are_usage_errors() {
    for args in [
        &["--product", "nyse"][..],
        &["--product", "kraken-spot", "--port", "bybit-spot=0"],
        &["--port", "kraken-spot"],
        &["--port", "kraken-spot=70000"],
        &["--speed", "max"],
        &["--replay", "kraken-spot=/a", "--speed", "0"],
        &["--replay", "kraken-spot=/a", "--replay", "bybit-spot=/b"],
    ] {
        let run = run(&[&["sim", "--seconds", "0"], args].concat());
        assert_eq!((run.code, &*run.out), (64, ""), "{args:?}: {}", run.talk);
    }
}

#[test]
fn a_missing_recording_ends_with_66_and_a_taken_port_with_69() {
    let replay = [
        "sim",
        "--seconds",
        "0",
        "--replay",
        "kraken-spot=/nonexistent",
    ];
    assert_eq!(run(&replay).code, 66);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("kraken-spot={}", taken.local_addr().unwrap().port());
    let run = run(&[
        "sim",
        "--seconds",
        "0",
        "--product",
        "kraken-spot",
        "--port",
        &port,
    ]);
    assert_eq!(run.code, 69);
    assert!(
        run.talk.contains("kraken-spot cannot listen on"),
        "{}",
        run.talk
    );
}
