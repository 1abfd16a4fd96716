//! Running the built binary.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;

/// How one run ended and what it wrote.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) talk: String,
}

impl Run {
    /// Standard output as one JSON value a line.
    pub(crate) fn values(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }

    /// The values of one kind.
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<Value> {
        let mut values = self.values();
        values.retain(|value| value["kind"] == kind);
        values
    }
}

/// The built `feedctl`.
pub(crate) fn feedctl() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_feedctl"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs `feedctl` to its end.
pub(crate) fn run(args: &[&str]) -> Run {
    ended(feedctl().args(args).output().unwrap())
}

/// Runs `feedctl` to its end with `input` on standard input.
pub(crate) fn run_with(args: &[&str], input: Vec<u8>) -> Run {
    let mut child = feedctl().args(args).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A child that ends early closes its side; what is left then is not wanted.
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    ended(output)
}

fn ended(output: Output) -> Run {
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        talk: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The folder of recorded sessions beside the project, if this checkout has one.
pub(crate) fn captures() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures");
    if !folder.is_dir() {
        println!("no recorded sessions beside this checkout: nothing to compare here");
        return None;
    }
    Some(folder)
}
