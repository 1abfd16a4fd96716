//! The built daemon as a child process.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::wait_for;

/// A running daemon; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

/// How a daemon ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; `None` after a signal.
    pub(crate) code: Option<i32>,
    /// What it wrote to standard error.
    pub(crate) log: String,
}

/// Numbers the log files of one test process.
static NEXT_LOG: AtomicU32 = AtomicU32::new(0);

fn command(arguments: &[&str], config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_feedd"));
    command.args(arguments).arg("-c").arg(config);
    command.env("FEEDD_LOG", "info").stdin(Stdio::null());
    command
}

/// Runs `feedd <arguments> -c <config>` to its end.
pub(crate) fn run(arguments: &[&str], config: &Path) -> Output {
    command(arguments, config).output().unwrap()
}

impl Daemon {
    /// `feedd run -c <config>`, its log beside the configuration.
    pub(crate) fn start(config: &Path) -> Self {
        Self::start_with(config, &[])
    }

    /// As [`Daemon::start`], with more in its environment.
    pub(crate) fn start_with(config: &Path, environment: &[(&str, &OsStr)]) -> Self {
        let number = NEXT_LOG.fetch_add(1, Ordering::Relaxed);
        let log = config.with_file_name(format!("feedd-{number}.log"));
        let child = command(&["run"], config)
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { child, log }
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard error so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// SIGTERM, then waits for the end.
    pub(crate) fn stop(mut self) -> Ended {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let mut status = None;
        wait_for("the daemon ends after SIGTERM", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        Ended {
            code: status.and_then(|status| status.code()),
            log: self.log(),
        }
    }

    /// SIGKILL, then waits for the end.
    pub(crate) fn kill(mut self) -> Ended {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        Ended {
            code: status.code(),
            log: self.log(),
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Both fail if it has ended; nothing is left to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
