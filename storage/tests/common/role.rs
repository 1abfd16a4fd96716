//! Processes to be killed: the test's own binary again, running one of its ignored tests.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Names the journal's directory to the child.
pub(super) const DIR: &str = "FEEDD_TEST_JOURNAL";

/// A child that does not outlive its test.
pub(crate) struct Role(pub(crate) Child);

impl Role {
    /// Runs the ignored test `name` of this binary on the journal in `dir`.
    pub(crate) fn start(name: &str, dir: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        play(&mut command, name, dir).stderr(Stdio::inherit());
        Self(command.spawn().unwrap())
    }

    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn play<'a>(command: &'a mut Command, name: &str, dir: &Path) -> &'a mut Command {
    command
        .args(["--exact", name, "--ignored", "--test-threads=1"])
        .env(DIR, dir)
        .stdout(Stdio::null())
}

/// The journal that the child shall work on.
pub(crate) fn journal_of_this_role() -> PathBuf {
    std::env::var_os(DIR).unwrap().into()
}

/// Whether processes can be killed at their system calls here; says so where not.
pub(crate) fn can_kill_at_calls() -> bool {
    let mut strace = Command::new("strace");
    let there = strace.arg("-V").stdout(Stdio::null()).status().is_ok();
    if !there {
        eprintln!("skipped: strace is not installed");
    }
    there
}

/// Runs the ignored test `name` on the journal in `dir` in a process that is killed at its `when`-th
/// `call`. True if the process came to its end before.
pub(crate) fn killed_at(name: &str, dir: &Path, call: &str, when: u32) -> bool {
    let mut command = Command::new("strace");
    let trace = format!("trace={call}");
    let inject = format!("inject={call}:signal=SIGKILL:when={when}");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject]);
    command.arg(std::env::current_exe().unwrap());
    let status = play(&mut command, name, dir).stderr(Stdio::null()).status();
    status.unwrap().success()
}

/// Moments that look random and are the same in every run.
pub(crate) struct Moments(pub(crate) u64);

impl Moments {
    /// The next, of `bits` random bits.
    pub(crate) fn next(&mut self, bits: u32) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> (u64::BITS - bits)
    }
}
