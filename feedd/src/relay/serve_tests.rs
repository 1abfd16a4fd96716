//! The replay service over loopback: what it gives, and what it does not.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::Read;

use feedd_storage::{Journal, JournalOptions};

use super::super::fetch::{Fetcher, Piece};
use super::super::wire::Batch;
use super::*;

fn options() -> JournalOptions {
    let mut options = JournalOptions::default();
    options.records.segment_bytes = 64 << 10;
    options.raw.segment_bytes = 16 << 10;
    options.quarantine.segment_bytes = 16 << 10;
    options.quarantine.retain_bytes = None;
    options
}

fn fill(dir: &Path, count: u64) {
    let (mut journal, _) = Journal::open(dir, options()).unwrap();
    for _ in 0..count {
        let seq = journal.records().next_seq();
        journal
            .records()
            .append(seq.cast_signed(), &[&[seq as u8; 200]])
            .unwrap();
    }
    journal.close().unwrap();
}

fn serve(dir: &Path, clients: usize) -> ReplayServer {
    let rate = 1 << 30;
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    ReplayServer::start(dir, listen, ServeOptions { clients, rate }).unwrap()
}

/// Frames (run, number), holes, and why the answer ended.
type Got = (Vec<(u32, u64)>, Vec<(u64, u64)>, Stop);

fn ask(server: &ReplayServer, from: Position, until: Position) -> Got {
    let fetcher = Fetcher::start(&server.addr().to_string()).unwrap();
    assert!(fetcher.ask(Ask::Records { from, until }, None));
    let (mut frames, mut holes) = (Vec::new(), Vec::new());
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(20) {
        match fetcher.next() {
            Some(Piece::Answer(Answer::Batch(bytes))) => {
                let batch = Batch::parse(&bytes).unwrap();
                frames.extend(batch.frames().map(|frame| (batch.run, frame.seq)));
            }
            Some(Piece::Answer(Answer::Missed { from, to })) => holes.push((from, to)),
            Some(Piece::Answer(Answer::End(stop))) => return (frames, holes, stop),
            Some(Piece::Hello(_)) => {}
            Some(other) => panic!("{other:?}"),
            None => thread::sleep(Duration::from_millis(1)),
        }
    }
    panic!("no end of the answer");
}

fn place(run: u32, seq: u64) -> Position {
    Position { run, seq }
}

#[test]
fn a_range_is_answered_exactly_over_runs() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 1_000);
    fill(dir.path(), 500);
    let server = serve(dir.path(), 2);
    let (frames, holes, stop) = ask(&server, Position::START, Position::END);
    assert_eq!(frames.len(), 1_500);
    assert!(holes.is_empty() && stop == Stop::Head);
    assert_eq!((frames[999], frames[1_000]), ((1, 1_000), (2, 1_001)));
    let (frames, _, stop) = ask(&server, place(1, 990), place(2, 1_003));
    assert_eq!(stop, Stop::Until);
    assert_eq!(frames.first(), Some(&(1, 990)));
    assert_eq!(frames.last(), Some(&(2, 1_002)));
    let nothing = ask(&server, place(1, 1_001), place(2, 1_001));
    assert_eq!(nothing, (vec![], vec![], Stop::Until));
    let nothing = ask(&server, place(2, 1_501), Position::END);
    assert_eq!(nothing, (vec![], vec![], Stop::Head));
}

#[test]
fn numbers_that_are_gone_are_named() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 2_000);
    let mut names: Vec<_> = std::fs::read_dir(dir.path().join("records"))
        .unwrap()
        .collect();
    names.sort_by_key(|entry| entry.as_ref().unwrap().path());
    std::fs::remove_file(names[0].as_ref().unwrap().path()).unwrap();
    let server = serve(dir.path(), 2);
    let (frames, holes, _) = ask(&server, place(1, 10), Position::END);
    assert_eq!(holes, [(10, frames[0].1 - 1)]);
    assert_eq!(frames.last(), Some(&(1, 2_000)));
    let (oldest, holes, _) = ask(&server, Position::START, Position::END);
    assert_eq!((oldest, holes), (frames, vec![]));
}

#[test]
fn one_client_too_many_is_told_so_and_those_that_do_not_ask_go() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 10);
    let server = serve(dir.path(), 1);
    let idle = TcpStream::connect(server.addr()).unwrap();
    let mut first = [0; 32];
    (&idle).read_exact(&mut first).unwrap();
    let fetcher = Fetcher::start(&server.addr().to_string()).unwrap();
    assert!(fetcher.ask(Ask::Roster, None));
    let since = Instant::now();
    loop {
        assert!(since.elapsed() < Duration::from_secs(10));
        match fetcher.next() {
            Some(Piece::Answer(Answer::Refused(why))) => {
                assert!(why.contains("1 clients"), "{why}");
                break;
            }
            Some(Piece::Hello(_)) | None => thread::sleep(Duration::from_millis(1)),
            Some(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(server.counts().refused.load(Ordering::Relaxed), 1);
    drop(idle);
    while server.shared.clients.load(Ordering::Relaxed) > 0 {
        assert!(since.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(ask(&server, Position::START, Position::END).0.len(), 10);
}

#[test]
fn noise_ends_the_connection_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 10);
    let server = serve(dir.path(), 4);
    for seed in 0..50 {
        let mut noise = [0; 40];
        fastrand::Rng::with_seed(seed).fill(&mut noise);
        let stream = TcpStream::connect(server.addr()).unwrap();
        (&stream).write_all(&noise).unwrap();
        let mut rest = Vec::new();
        // Reset or ended: both are an answer to noise.
        let _ = (&stream).read_to_end(&mut rest);
    }
    assert_eq!(ask(&server, Position::START, Position::END).0.len(), 10);
}

#[test]
fn the_pace_of_all_answers_together_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 2_000);
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let options = ServeOptions {
        clients: 2,
        rate: 1 << 20,
    };
    let server = ReplayServer::start(dir.path(), listen, options).unwrap();
    let since = Instant::now();
    let (frames, ..) = ask(&server, Position::START, Position::END);
    // 2,000 frames of 216 bytes are 0.41 MiB.
    assert!(
        since.elapsed() >= Duration::from_millis(400),
        "{:?}",
        since.elapsed()
    );
    assert_eq!(frames.len(), 2_000);
}
