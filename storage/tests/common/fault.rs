//! Faults made real: a tiny tmpfs in a mount namespace of its own, and system calls that strace makes
//! fail or come late. Each strikes a process of its own, which runs an ignored test of this binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::fast_dir;
use super::role::{DIR, journal_of_this_role};

/// No space is left on the disk.
pub(crate) const ENOSPC: i32 = 28;

/// Whether the host lets this program run so; says so where it does not.
pub(crate) fn works(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    let status = command
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let works = status.is_ok_and(|status| status.success());
    if !works {
        eprintln!("skipped: {program} {args:?} does not work on this host");
    }
    works
}

/// Runs the ignored test `role` of this binary on the journal in `dir`, started through `wrapper`.
pub(crate) fn run_role(wrapper: &[&str], role: &str, dir: &Path) -> Output {
    let mut command = Command::new(wrapper[0]);
    command
        .args(&wrapper[1..])
        .arg(std::env::current_exe().unwrap());
    command
        .args(["--exact", role, "--ignored", "--test-threads=1"])
        .env(DIR, dir);
    command.output().unwrap()
}

/// The role ran and passed.
pub(crate) fn assert_success(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("1 passed"), "the role did not run: {text}");
}

/// Runs `role` with system calls that fail or wait, as strace's `inject` says.
pub(crate) fn strace(role: &str, inject: &str) {
    if !works("strace", &["-V"]) {
        return;
    }
    let dir = fast_dir();
    let log = dir.path().join("strace.log");
    let inject = format!("inject={inject}");
    let wrapper = [
        "strace",
        "-f",
        "-qq",
        "-o",
        log.to_str().unwrap(),
        "-e",
        &inject,
    ];
    assert_success(&run_role(&wrapper, role, dir.path()));
    let log = fs::read_to_string(log).unwrap();
    assert!(
        log.contains("(INJECTED)") || log.contains("(DELAYED)"),
        "nothing was injected"
    );
}

/// Runs `role` in a directory that is a disk of 256 KiB.
pub(crate) fn on_a_small_disk(role: &str) {
    let attempt = "mount -t tmpfs -o size=256k none /mnt";
    if !works("unshare", &["-rm", "sh", "-c", attempt]) {
        return;
    }
    let dir = fast_dir();
    let mount = "mount -t tmpfs -o size=256k none \"$FEEDD_TEST_JOURNAL\" && exec \"$@\"";
    let wrapper = ["unshare", "-rm", "sh", "-c", mount, "sh"];
    assert_success(&run_role(&wrapper, role, dir.path()));
}

/// A directory for the journal of this role, and a file whose removal makes room for four segments.
pub(crate) fn journal_and_ballast() -> (PathBuf, PathBuf) {
    let disk = journal_of_this_role();
    let (journal, ballast) = (disk.join("journal"), disk.join("ballast"));
    fs::create_dir(&journal).unwrap();
    fs::write(&ballast, vec![1; 64 * 1024]).unwrap();
    (journal, ballast)
}
