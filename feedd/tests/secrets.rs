//! Secrets reach the servers they are for, and nothing else: no log, no command line, no file.
#![cfg(all(feature = "questdb", feature = "redis"))]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use support::{Daemon, Rig, wait_for};
use venue_sim::Product;

/// No other text holds this one.
const CANARY: &str = "canary-9f3a61";

/// A server that notes what it is told and refuses all of it.
struct Refusing {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Refusing {
    /// Ends with the test's process. `answer` is what it says to some bytes.
    fn start(answer: fn(&[u8]) -> String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&heard);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                client
                    .set_read_timeout(Some(Duration::from_secs(5)))
                    .unwrap();
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = client.read(&mut bytes) {
                    noted.lock().unwrap().extend_from_slice(&bytes[..count]);
                    // A client that has gone already heard enough.
                    let _ = client.write_all(answer(&bytes[..count]).as_bytes());
                }
            }
        });
        Self { address, heard }
    }

    fn heard(&self, text: &str) -> bool {
        has(&self.heard.lock().unwrap(), text)
    }
}

/// A refusal for each command.
fn refused_by_redis(commands: &[u8]) -> String {
    let count = commands.iter().filter(|byte| **byte == b'*').count();
    "-WRONGPASS invalid username-password pair\r\n".repeat(count)
}

fn refused_by_questdb(_: &[u8]) -> String {
    "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_owned()
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// Every file below `dir`.
fn each_file(dir: &Path, take: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_file(&path, take);
        } else {
            take(&path);
        }
    }
}

/// Two sinks whose servers refuse the right secret, which makes everybody talk about it.
fn config(rig: &Rig, redis: &Refusing, questdb: &Refusing) -> std::path::PathBuf {
    let mut config = rig.config.clone();
    config.sinks.parquet.enabled = true;
    config.sinks.redis.address = Some(redis.address.to_string());
    config.sinks.redis.credentials = Some("redis".into());
    config.sinks.questdb.connect = Some(format!("http::addr={};", questdb.address));
    config.sinks.questdb.credentials = Some("questdb".into());
    let path = rig.dir.path().join("feedd.toml");
    fs::write(&path, toml::to_string(&config).unwrap()).unwrap();
    path
}

#[test]
fn secrets_from_systemds_directory_reach_their_servers_and_stand_nowhere_else() {
    let rig = Rig::new(&[Product::KrakenSpot], 200);
    let redis = Refusing::start(refused_by_redis);
    let questdb = Refusing::start(refused_by_questdb);
    let config = config(&rig, &redis, &questdb);
    // Outside the directories that are searched below: the secrets do stand in these two.
    let secrets = tempfile::tempdir().unwrap();
    for name in ["redis", "questdb"] {
        fs::write(secrets.path().join(name), format!("token = {CANARY}\n")).unwrap();
    }
    let environment: [(&str, &OsStr); 2] = [
        ("CREDENTIALS_DIRECTORY", secrets.path().as_os_str()),
        ("FEEDD_LOG", OsStr::new("trace")),
    ];
    let daemon = Daemon::start_with(&config, &environment);
    wait_for("both servers heard the secret", || {
        redis.heard(CANARY) && questdb.heard(CANARY)
    });
    let told = |log: &str, sink: &str| {
        let mut lines = log.lines();
        lines.any(|line| line.contains("a sink is not taking rows") && line.contains(sink))
    };
    wait_for("the log tells of both", || {
        let log = daemon.log();
        told(&log, "redis") && told(&log, "questdb")
    });
    for what in ["cmdline", "environ"] {
        let path = format!("/proc/{}/{what}", daemon.pid());
        assert!(!has(&fs::read(path).unwrap(), CANARY), "{what}");
    }
    let checked = support::run(&["check"], &config);
    assert!(!has(&checked.stdout, CANARY) && !has(&checked.stderr, CANARY));
    let ended = daemon.stop();
    assert!(!ended.log.contains(CANARY), "{}", ended.log);
    let mut files = 0;
    each_file(rig.dir.path(), &mut |path| {
        files += 1;
        assert!(!has(&fs::read(path).unwrap(), CANARY), "{}", path.display());
    });
    assert!(files > 5);
}

#[test]
fn a_secret_in_the_configuration_is_refused_and_not_repeated() {
    let rig = Rig::new(&[Product::KrakenSpot], 200);
    let mut config = rig.config.clone();
    for secret in ["password", "token"] {
        let connect = format!("http::addr=127.0.0.1:1;{secret}={CANARY};");
        config.sinks.questdb.connect = Some(connect);
        let path = rig.dir.path().join("feedd.toml");
        fs::write(&path, toml::to_string(&config).unwrap()).unwrap();
        let output = support::run(&["run"], &path);
        assert_eq!(output.status.code(), Some(78));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains(secret) && said.contains("credentials"),
            "{said}"
        );
        assert!(!said.contains(CANARY), "{said}");
    }
}
