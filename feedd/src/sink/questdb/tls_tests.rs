//! A server behind a private certificate authority, on both ways to it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use questdb::ingress::TimestampNanos;
use rustls::{ServerConnection, StreamOwned};

use super::*;
use crate::testing::Authority;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Answers every query with one row and every write with "taken", with a leaf of `authority`.
fn server(authority: &Authority) -> SocketAddr {
    let config = authority.server("127.0.0.1", (2020, 2090));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            // A client that does not trust this server leaves in the middle.
            let _ = answer(StreamOwned::new(connection, client.unwrap()));
        }
    });
    address
}

fn answer<S: Read + Write>(mut client: S) -> std::io::Result<()> {
    let mut bytes = [0; 4096];
    let count = client.read(&mut bytes)?;
    let text: &[u8] = if bytes[..count].starts_with(b"POST") {
        b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    } else {
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 17\r\n\r\n{\"dataset\":[[7]]}"
    };
    client.write_all(text)?;
    client.flush()
}

fn options(address: SocketAddr, ca_file: Option<&Path>) -> Options {
    Options {
        ca_file: ca_file.map(Path::to_owned),
        ..Options::new(&format!("https::addr={address};")).unwrap()
    }
}

/// Sends one row.
fn send(options: &Options) -> questdb::Result<()> {
    let mut sender = options.sender(None, TIMEOUT)?.build()?;
    let mut buffer = sender.new_buffer();
    buffer
        .table("trades")?
        .column_i64("seq", 1)?
        .at(TimestampNanos::new(1))?;
    sender.flush(&mut buffer)
}

#[test]
fn queries_and_rows_reach_a_server_whose_authority_is_named_and_no_other() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let address = server(&ours);
    let trusting = options(address, Some(&ours.ca_file()));
    let rows = Exec::new(&trusting, TIMEOUT).unwrap().query("SELECT 7");
    assert_eq!(rows.unwrap(), [[Value::from(7)]]);
    send(&trusting).unwrap();
    for wary in [
        options(address, Some(&other.ca_file())),
        options(address, None),
    ] {
        let refused = Exec::new(&wary, TIMEOUT).unwrap().query("SELECT 7");
        let Err(Refusal::Transient(reason)) = refused else {
            panic!("{refused:?}");
        };
        assert!(reason.contains("invalid peer certificate"), "{reason}");
        assert!(send(&wary).is_err());
    }
}

#[test]
fn a_file_without_authorities_is_named_with_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let nonsense = dir.path().join("nonsense.pem");
    std::fs::write(&nonsense, "nothing").unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    for path in [nonsense, dir.path().join("absent.pem")] {
        let refused = Exec::new(&options(address, Some(&path)), TIMEOUT).unwrap_err();
        let Refusal::Transient(reason) = refused else {
            panic!("{refused:?}");
        };
        let file = path.to_str().unwrap();
        assert!(
            reason.contains(file) && reason.contains("sinks.questdb.ca_file"),
            "{reason}"
        );
    }
}
