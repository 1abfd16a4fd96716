use std::sync::atomic::AtomicI64;
use std::time::Instant;

use super::*;
use crate::clock::System;

const LIMIT: Duration = Duration::from_millis(60);

/// What the fake says next.
#[derive(Clone, Debug)]
enum Word {
    Addresses(Vec<u8>),
    Failure,
    Slow,
}

#[derive(Debug)]
struct Fake(Mutex<Word>);

impl Fake {
    fn says(&self, word: Word) {
        *self.0.lock().unwrap() = word;
    }
}

impl Resolve for Fake {
    fn resolve(&self, _host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let word = self.0.lock().unwrap().clone();
        match word {
            Word::Addresses(last) => Ok(last.into_iter().map(|last| at(last, port)).collect()),
            Word::Failure => Err(io::Error::other("SERVFAIL")),
            Word::Slow => {
                std::thread::sleep(10 * LIMIT);
                Ok(vec![at(99, port)])
            }
        }
    }
}

/// Minutes that a test lets pass.
#[derive(Debug)]
struct Hands(AtomicI64);

impl Clock for Hands {
    fn mono(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    fn wall(&self) -> i64 {
        0
    }
}

fn at(last: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, last], port))
}

fn names(word: Word) -> (Arc<Fake>, Names) {
    let fake = Arc::new(Fake(Mutex::new(word)));
    let clock = Arc::new(Hands(AtomicI64::new(0)));
    let names = Names::new(
        Arc::clone(&fake) as Arc<dyn Resolve>,
        LIMIT,
        clock,
        crate::host::Helpers::start().unwrap(),
    );
    (fake, names)
}

fn ask(names: &Names, host: &str, replica: usize) -> io::Result<Addresses> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(names.addresses(host, 443, replica))
}

#[test]
fn redundant_lines_begin_at_different_addresses_whatever_order_dns_has() {
    let (fake, names) = names(Word::Addresses(vec![3, 1, 2]));
    let first = |replica| ask(&names, "venue.test", replica).unwrap().named[0];
    let a = first(0);
    fake.says(Word::Addresses(vec![2, 3, 1]));
    assert_eq!(first(0), a);
    let mut all = [a, first(1), first(2)];
    all.sort_unstable();
    assert_eq!(all, [at(1, 443), at(2, 443), at(3, 443)]);
    assert_eq!(first(3), a);
}

#[test]
fn when_dns_fails_or_hangs_the_last_good_addresses_are_used() {
    let (fake, names) = names(Word::Addresses(vec![1, 2]));
    let good = ask(&names, "venue.test", 0).unwrap();
    for word in [Word::Failure, Word::Slow, Word::Addresses(Vec::new())] {
        fake.says(word.clone());
        let since = Instant::now();
        assert_eq!(ask(&names, "venue.test", 0).unwrap(), good, "{word:?}");
        assert!(since.elapsed() < 5 * LIMIT, "{word:?}");
    }
}

#[test]
fn a_name_that_never_had_an_address_is_an_error_in_time() {
    for (word, text) in [
        (Word::Failure, "SERVFAIL"),
        (Word::Slow, "no answer of the resolver"),
        (Word::Addresses(Vec::new()), "no address"),
    ] {
        let (_, names) = names(word);
        let since = Instant::now();
        let error = ask(&names, "venue.test", 0).unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
        assert!(since.elapsed() < 5 * LIMIT);
    }
}

#[test]
fn an_address_that_served_us_stays_behind_the_ones_of_a_new_answer() {
    let (fake, names) = names(Word::Addresses(vec![1]));
    ask(&names, "venue.test", 0).unwrap();
    names.served("venue.test", at(1, 443));
    fake.says(Word::Addresses(vec![7]));
    let found = ask(&names, "venue.test", 0).unwrap();
    let expected = Addresses {
        named: vec![at(7, 443)],
        served: vec![at(1, 443)],
    };
    assert_eq!(found, expected);
}

#[test]
fn addresses_need_no_resolver() {
    let (_, names) = names(Word::Failure);
    for host in ["127.0.0.1", "[::1]"] {
        let found = ask(&names, host, 5).unwrap();
        assert_eq!(found.named.len(), 1);
        assert_eq!(found.named[0].port(), 443);
    }
}

#[test]
fn hanging_lookups_are_bounded() {
    let (_, names) = names(Word::Slow);
    let mut refused = 0;
    for _ in 0..LOOKUPS_MAX + 3 {
        let (sender, answer) = crossbeam_channel::bounded(1);
        names.lookup("venue.test", 443, move |found| {
            let _ = sender.send(found);
        });
        refused += usize::from(answer.try_recv().is_ok_and(|found| found.is_err()));
    }
    assert_eq!(refused, 3);
}

#[test]
fn rest_asks_the_same_names_and_its_errors_name_the_host() {
    let resolve = |names: &Names| {
        let uri: Uri = "https://venue.test/path".parse().unwrap();
        let timeout = NextTimeout {
            after: (10 * LIMIT).into(),
            reason: ureq::Timeout::Global,
        };
        Resolver::resolve(names, &uri, &UreqConfig::default(), timeout)
    };
    let (fake, names) = names(Word::Addresses(vec![1]));
    assert_eq!(resolve(&names).unwrap()[..], [at(1, 443)]);
    fake.says(Word::Failure);
    assert_eq!(resolve(&names).unwrap()[..], [at(1, 443)]);
    let unknown = Names::new(
        fake,
        LIMIT,
        Arc::new(System),
        crate::host::Helpers::start().unwrap(),
    );
    let error = resolve(&unknown).unwrap_err().to_string();
    assert!(
        error.contains("venue.test") && error.contains("SERVFAIL"),
        "{error}"
    );
}
