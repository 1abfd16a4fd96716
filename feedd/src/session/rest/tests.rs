use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use feedd_codecs::instrument::InstrumentId;
use feedd_codecs::venue::{Channel, StreamOptions};
use feedd_codecs::{Venue, with_venue};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::clock::System;
use crate::session::budget::{Budgets, Keeper};
use crate::session::names::SystemResolver;

const PATIENCE: Duration = Duration::from_secs(20);
const VENUE: VenueId = VenueId::BINANCE_SPOT;

type Asked = Arc<Mutex<Vec<(Instant, String)>>>;

/// A venue that gives each path its answers in turn, then `{}`; and notes what is asked.
struct Server {
    base: String,
    asked: Asked,
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

impl Server {
    fn start(answers: &[(&str, String)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked = Asked::default();
        let note = Arc::clone(&asked);
        let mut answers: HashMap<String, VecDeque<String>> =
            answers
                .iter()
                .fold(HashMap::new(), |mut all, (path, text)| {
                    let of_path: &mut VecDeque<String> = all.entry((*path).to_owned()).or_default();
                    of_path.push_back(text.clone());
                    all
                });
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &mut answers, &note);
            }
        });
        Self { base, asked }
    }

    fn paths(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|(_, path)| path.clone()).collect()
    }

    /// Between the first two requests.
    fn pause(&self) -> Duration {
        let asked = self.asked.lock().unwrap();
        asked[1].0 - asked[0].0
    }
}

fn serve(mut stream: TcpStream, answers: &mut HashMap<String, VecDeque<String>>, asked: &Asked) {
    let mut head = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = head.next().unwrap().unwrap();
    while head
        .next()
        .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
    {}
    let path = first.split(' ').nth(1).unwrap().to_owned();
    asked.lock().unwrap().push((Instant::now(), path.clone()));
    let next = answers.get_mut(&path).and_then(VecDeque::pop_front);
    let next = next.unwrap_or_else(|| answer("200 OK", "", "{}"));
    let _ = stream.write_all(next.as_bytes());
}

/// A worker with an account of its own.
struct Bench {
    rest: Rest,
    budget: Budget,
    answers: UnboundedReceiver<Answer>,
    _stop: Sender<()>,
    _keeper: Keeper,
    _dir: TempDir,
}

impl Bench {
    fn new(server: &Server) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        std::fs::create_dir_all(&state).unwrap();
        std::fs::write(state.join("budgets"), "feedd budgets 1 stopped\nend\n").unwrap();
        let budgets = Budgets::open(dir.path(), 80, Arc::new(System));
        let facts = with_venue!(VENUE, V => V::new(VENUE, StreamOptions::default()).facts());
        let budget = budgets.requests(VENUE, &server.base, facts);
        let (sender, answers) = unbounded_channel();
        let (stop, stopping) = bounded(0);
        let config = Config::default();
        let limit = config.limits.resolve.0;
        let helpers = Helpers::start().unwrap();
        let parts = Parts {
            venue: VENUE,
            base: &server.base,
            budget: budget.clone(),
            names: Names::new(
                Arc::new(SystemResolver),
                limit,
                Arc::new(System),
                helpers.clone(),
            ),
            helpers,
            config: &config,
            answers: sender,
            stopping,
        };
        Self {
            rest: Rest::start(parts).unwrap(),
            budget,
            answers,
            _stop: stop,
            _keeper: Keeper::start(&budgets).unwrap(),
            _dir: dir,
        }
    }

    fn fetch(&self, want: Want, path: &str, weight: u32) {
        let path = path.to_owned();
        self.rest.fetch(Fetch { want, path, weight });
    }

    fn next(&mut self) -> Answer {
        let since = Instant::now();
        loop {
            if let Ok(answer) = self.answers.try_recv() {
                return answer;
            }
            assert!(since.elapsed() < PATIENCE, "no answer");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

const INSTRUMENT: InstrumentId = InstrumentId(0);
const CHANNEL: Channel = Channel::BOOK;
const SNAPSHOT: Want = Want::Snapshot {
    instrument: INSTRUMENT,
    channel: CHANNEL,
};
const AUDIT: Want = Want::Audit {
    instrument: INSTRUMENT,
    channel: CHANNEL,
};
const REFERENCE: Want = Want::Reference { page: 0 };

#[test]
fn what_waits_for_the_account_is_overtaken_by_what_is_urgent() {
    let server = Server::start(&[]);
    let mut bench = Bench::new(&server);
    let stop = super::super::budget::Stop {
        lasts: Duration::from_millis(300),
        named: true,
        ban: false,
        reason: "test".to_owned(),
    };
    bench.budget.stop(&stop);
    for (want, path) in [
        (AUDIT, "/audit"),
        (REFERENCE, "/reference"),
        (SNAPSHOT, "/snapshot"),
    ] {
        bench.fetch(want, path, 1);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(server.paths().is_empty());
    let order: Vec<Want> = (0..3).map(|_| bench.next().want).collect();
    assert_eq!(order, [SNAPSHOT, REFERENCE, AUDIT]);
    assert_eq!(server.paths(), ["/snapshot", "/reference", "/audit"]);
}

#[test]
fn a_refusal_stops_the_account_for_the_time_that_it_names() {
    for (status, body) in [
        ("429 Too Many Requests", ""),
        ("418 I'm a teapot", "{}"),
        ("503 Busy", ""),
    ] {
        let refusal = answer(status, "Retry-After: 1\r\n", body);
        let server = Server::start(&[("/a", refusal)]);
        let mut bench = Bench::new(&server);
        bench.fetch(SNAPSHOT, "/a", 1);
        bench.fetch(SNAPSHOT, "/b", 1);
        let reason = bench.next().body.unwrap_err();
        assert!(
            reason.contains("127.0.0.1") && reason.contains(&status[..3]),
            "{reason}"
        );
        let (left, _) = bench.budget.usage().stopped.unwrap();
        assert!(left <= Duration::from_secs(1));
        bench.next().body.unwrap();
        assert!(server.pause() >= Duration::from_secs(1), "{status}");
    }
}

#[test]
fn kraken_s_refusal_over_status_200_stops_the_account() {
    let refusal = answer("200 OK", "", r#"{"error":["EGeneral:Too many requests"]}"#);
    let server = Server::start(&[("/a", refusal)]);
    let mut bench = Bench::new(&server);
    bench.fetch(SNAPSHOT, "/a", 1);
    bench.next().body.unwrap_err();
    let (left, _) = bench.budget.usage().stopped.unwrap();
    assert!(left > Duration::from_secs(29));
}

#[test]
fn the_venue_s_own_count_of_weight_is_obeyed() {
    let full = answer("200 OK", "X-MBX-USED-WEIGHT-1M: 5600\r\n", "{}");
    let server = Server::start(&[("/a", full)]);
    let mut bench = Bench::new(&server);
    bench.fetch(SNAPSHOT, "/a", 20);
    bench.next().body.unwrap();
    bench.fetch(SNAPSHOT, "/dear", 250);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(server.paths(), ["/a"]);
    assert!(bench.budget.book(250, true).unwrap_err() > 50_000_000_000);
}

#[test]
fn a_server_error_is_a_failure_and_a_page_of_a_proxy_goes_to_the_decoder() {
    let page = "<html>\r\n<body>wait</body></html>";
    let server = Server::start(&[
        ("/a", answer("502 Bad Gateway", "", "<html>")),
        ("/b", answer("200 OK", "", page)),
    ]);
    let mut bench = Bench::new(&server);
    bench.fetch(SNAPSHOT, "/a", 1);
    bench.fetch(SNAPSHOT, "/b", 1);
    bench.fetch(SNAPSHOT, "/c", 1);
    let reason = bench.next().body.unwrap_err();
    assert!(reason.ends_with("HTTP status 502"), "{reason}");
    assert_eq!(bench.next().body.unwrap(), page.as_bytes());
    assert_eq!(bench.next().body.unwrap(), b"{}");
    assert!(bench.budget.usage().stopped.is_none());
}

#[test]
fn the_beginning_of_a_page_is_printable() {
    assert_eq!(beginning(b"<a>\n\x00\xff"), "<a>\\n\\x00\\xff");
    assert_eq!(beginning(&[b'x'; 100]).len(), 80);
    assert!(is_json(b"\n [1]") && is_json(b"{}"));
    assert!(!is_json(b"<html>") && !is_json(b"") && !is_json(b"1"));
}
