//! A real server, started by `tools/questdb/questdb.py`, one at a time.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use feedd::sink::questdb::{ANSWER_TIMEOUT, Exec, Options};
use feedd_storage::sink::questdb::Transport;

/// Address of a server that runs already: `host:port` of its HTTP endpoint. It is not killed, so the
/// tests that would do so are skipped.
const GIVEN: &str = "FEEDD_QUESTDB";
/// Set where a missing server is a failure.
const REQUIRED: &str = "FEEDD_REQUIRE_QUESTDB";
const APPLY_SECONDS: u64 = 120;

/// One server fits the machines that run tests.
static ONE: Mutex<()> = Mutex::new(());

fn script() -> Command {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(root.join("tools/questdb/questdb.py"));
    command.stdin(Stdio::null());
    command
}

/// A server with empty tables; stopped when it is dropped.
pub(crate) struct Server {
    pub(crate) address: String,
    /// Nothing if the server was there before.
    root: Option<tempfile::TempDir>,
    settings: Vec<&'static str>,
    _one: MutexGuard<'static, ()>,
}

impl Server {
    /// A server for the test `name`; nothing, and a word about it, where there can be none.
    pub(crate) fn start(name: &str) -> Option<Self> {
        Self::start_with(name, &[])
    }

    /// As [`Server::start`], with settings `name=value` of the server.
    pub(crate) fn start_with(name: &str, settings: &[&'static str]) -> Option<Self> {
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let fetched = script().arg("get").stdout(Stdio::null()).status();
        if !fetched.is_ok_and(|status| status.success()) {
            assert!(std::env::var_os(REQUIRED).is_none(), "{name}: no server");
            eprintln!("skipped: {name}: neither mvn nor a running server ({GIVEN})");
            return None;
        }
        let mut server = Self {
            address: String::new(),
            root: Some(tempfile::tempdir().unwrap()),
            settings: settings.to_vec(),
            _one: one,
        };
        server.start_again();
        Some(server)
    }

    /// The server that is there, or one of its own; tests that need no crash use it.
    pub(crate) fn any(name: &str) -> Option<Self> {
        let Ok(address) = std::env::var(GIVEN) else {
            return Self::start(name);
        };
        let server = Self {
            address,
            root: None,
            settings: Vec::new(),
            _one: ONE.lock().unwrap_or_else(PoisonError::into_inner),
        };
        server.drop_tables();
        Some(server)
    }

    /// Starts it on the tables and ports that it had.
    pub(crate) fn start_again(&mut self) {
        let Some(root) = &self.root else { return };
        let mut command = script();
        command
            .args(["start", "--heap", "512m", "--root"])
            .arg(root.path());
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        let output = command.stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let port = text.lines().find_map(|line| line.strip_prefix("http="));
        self.address = format!("127.0.0.1:{}", port.unwrap());
    }

    /// Kills it, as a crash would.
    pub(crate) fn kill(&self) {
        if let Some(root) = &self.root {
            let mut command = script();
            command.args(["stop", "--kill", "--root"]).arg(root.path());
            assert!(command.status().unwrap().success());
        }
    }

    /// How a sink of a test reaches it: nothing has to settle on a host that does not crash.
    pub(crate) fn options(&self) -> Options {
        options(&self.address)
    }

    pub(crate) fn exec(&self) -> Exec {
        Exec::new(&self.options(), ANSWER_TIMEOUT).unwrap()
    }

    /// Waits until every acknowledged row can be seen.
    pub(crate) fn apply(&self) {
        let (exec, begun) = (self.exec(), Instant::now());
        while !exec.is_applied().unwrap() {
            assert!(begun.elapsed() < Duration::from_secs(APPLY_SECONDS));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn drop_tables(&self) {
        let exec = self.exec();
        let tables = "SELECT table_name FROM tables() WHERE NOT matView ORDER BY 1";
        let views = "SELECT view_name FROM materialized_views()";
        for (sql, kind) in [(views, "MATERIALIZED VIEW"), (tables, "TABLE")] {
            for row in exec.query(sql).unwrap_or_default() {
                let name = row[0].as_str().unwrap().to_owned();
                exec.query(&format!("DROP {kind} '{name}'")).unwrap();
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(root) = &self.root {
            let _ = script().args(["stop", "--root"]).arg(root.path()).status();
        }
    }
}

/// Options of a sink for the server at `address`, over the protocol that it has.
pub(crate) fn options(address: &str) -> Options {
    let mut options = Options::new(&format!("http::addr={address};")).unwrap();
    options.settle = Duration::ZERO;
    if std::env::var("FEEDD_QUESTDB_TRANSPORT").is_ok_and(|name| name == "ws") {
        options.server.transport = Transport::Qwp;
    }
    options
}
