//! `feedctl reconcile --sink questdb`: what it does with a server's answers. A real server's rows
//! are counted in the tests of the sink itself (`feedd/tests/questdb`).
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../storage/tests/common/mod.rs"]
mod common;
#[allow(dead_code, reason = "shared with the tests of the sinks")]
#[path = "../../storage/tests/sink/model.rs"]
mod model;
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use feedd_storage::{Cursor, LogKind};
use model::with_trades;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use support::run;
use tempfile::TempDir;

/// An `Authorization` that the server asks for: `feed:canary-77c1`.
const AUTHORIZATION: &str = "Basic ZmVlZDpjYW5hcnktNzdjMQ==";

/// A server with empty tables that applies everything at once. Its thread ends with the test.
fn server() -> String {
    format!("http::addr={};", listen(|stream| stream))
}

/// As [`server`], behind the certificate that the file holds.
fn secure_server(ca_file: &Path) -> String {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(ca_file, certified.cert.pem()).unwrap();
    let key = certified.signing_key.serialize_der().try_into().unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let secure = move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        StreamOwned::new(connection, stream)
    };
    format!("https::addr=localhost:{};", listen(secure).port())
}

fn listen<S: Read + Write>(open: impl Fn(TcpStream) -> S + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // Whoever does not trust this server, or has left, does not want its answer.
            let _ = answer(open(stream.unwrap()));
        }
    });
    address
}

fn answer<S: Read + Write>(stream: S) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let lines = stream.by_ref().lines();
    let request: Vec<String> = lines
        .take_while(|line| !line.as_ref().is_ok_and(String::is_empty))
        .collect::<Result<_, _>>()?;
    let known = request.iter().any(|line| line.ends_with(AUTHORIZATION));
    let (status, body) = match request.first() {
        _ if !known => ("401 Unauthorized", "Unauthorized\r\n"),
        Some(first) if first.contains("wal_tables") => ("200 OK", "\"name\",\"txn\"\r\n"),
        _ => ("200 OK", "\"min\",\"max\"\r\n,\r\n"),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n");
    let stream = stream.get_mut();
    write!(stream, "{head}Connection: close\r\n\r\n{body}")?;
    stream.flush()
}

/// A journal of trades whose sink acknowledged those below `acked`, and the server's credentials.
fn journal(acked: u64, password: &str) -> (TempDir, String) {
    let dir = common::fast_dir();
    with_trades(dir.path(), 20).close().unwrap();
    let cursor = Cursor::open(dir.path(), "questdb", LogKind::Records).unwrap();
    cursor.save(acked).unwrap();
    let file = dir.path().join("secret");
    std::fs::write(&file, format!("username = feed\npassword = {password}\n")).unwrap();
    (dir, file.to_str().unwrap().to_owned())
}

fn reconcile(dir: &TempDir, connect: &str, credentials: &str, more: &[&str]) -> support::Run {
    let mut args = vec![
        "reconcile",
        dir.path().to_str().unwrap(),
        "--sink",
        "questdb",
    ];
    args.extend(["--connect", connect, "--credentials", credentials]);
    args.extend(more);
    run(&args)
}

#[test]
fn an_empty_server_reconciles_with_what_nobody_acknowledged_and_with_nothing_else() {
    let (dir, secret) = journal(1, "canary-77c1");
    let nothing = reconcile(&dir, &server(), &secret, &[]);
    assert_eq!(nothing.code, 0, "{}", nothing.talk);
    let (dir, secret) = journal(21, "canary-77c1");
    let missing = reconcile(&dir, &server(), &secret, &["--json"]);
    assert_eq!(missing.code, 1, "{}", missing.talk);
    let talk = &missing.talk;
    assert!(
        talk.contains("20 rows in the journal, 0 in questdb"),
        "{talk}"
    );
    let values = missing.values();
    assert!(
        values
            .iter()
            .all(|value| value["kind"] == "trade" && value["sink"]["rows"] == 0)
    );
    let rows = values
        .iter()
        .map(|value| value["journal"]["rows"].as_u64().unwrap());
    assert_eq!(rows.sum::<u64>(), 20);
}

#[test]
fn a_server_that_is_not_there_or_refuses_is_no_count_and_no_secret_is_told() {
    let (dir, secret) = journal(21, "canary-wrong");
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for connect in [server(), format!("http::addr={free};")] {
        let none = reconcile(&dir, &connect, &secret, &[]);
        assert_eq!(none.code, 2, "{}", none.talk);
        assert!(!none.talk.contains("canary"), "{}", none.talk);
    }
    let missing = reconcile(&dir, &server(), "/nowhere/secret", &[]);
    assert_eq!(missing.code, 66, "{}", missing.talk);
}

#[test]
fn a_server_behind_an_authority_of_ones_own_is_counted_where_that_one_is_named() {
    let (dir, secret) = journal(21, "canary-77c1");
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (ours, other, nonsense) = (file("ours.pem"), file("other.pem"), file("nonsense.pem"));
    let connect = secure_server(Path::new(&ours));
    secure_server(Path::new(&other));
    std::fs::write(&nonsense, "nothing").unwrap();

    let counted = reconcile(&dir, &connect, &secret, &["--ca-file", &ours]);
    assert_eq!(counted.code, 1, "{}", counted.talk);
    let talk = &counted.talk;
    assert!(
        talk.contains("20 rows in the journal, 0 in questdb"),
        "{talk}"
    );
    for more in [&["--ca-file", &other][..], &[]] {
        let wary = reconcile(&dir, &connect, &secret, more);
        assert_eq!(wary.code, 2, "{}", wary.talk);
        let talk = &wary.talk;
        assert!(talk.contains("invalid peer certificate"), "{talk}");
    }
    for path in [nonsense, file("absent.pem")] {
        let unusable = reconcile(&dir, &connect, &secret, &["--ca-file", &path]);
        assert_eq!(unusable.code, 66, "{}", unusable.talk);
        let talk = &unusable.talk;
        assert!(
            talk.contains(&path) && talk.contains("PEM certificates"),
            "{talk}"
        );
    }
}

#[test]
fn a_configuration_string_without_address_or_with_a_secret_is_a_wrong_command_line() {
    let (dir, secret) = journal(21, "canary-77c1");
    for connect in ["http::", "127.0.0.1:9000", "http::addr=a:1;password=x;"] {
        assert_eq!(reconcile(&dir, connect, &secret, &[]).code, 64, "{connect}");
    }
}
