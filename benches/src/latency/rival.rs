//! Programs of others: processes that connect, subscribe, decode, and write down when.
//!
//! A rival is called with `--url URL --subscribe TEXT --symbols A,B --venue NAME --channels NAME
//! --messages N --core N --out FILE` and, under TLS, `--ca FILE`. It ends when it has seen that many
//! messages and nothing came for a second, or nothing for long, and leaves `FILE`: for each, in order,
//! the wall-clock time at which it was done with it, nanoseconds since the epoch, as little-endian
//! `i64`. What it counts is the text messages of the line, or the events that it makes of them: an
//! answer to a request makes none.

mod kind;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Error;
use super::cell::Setting;
use super::summary::{Arrival, Outcome};

pub use kind::Kind;

/// How long a rival may take beyond the run: one that cannot keep up has all of it to work off.
const PATIENCE: Duration = Duration::from_secs(60);

/// A rival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    /// Which.
    pub kind: Kind,
    /// Its program.
    pub program: PathBuf,
}

/// Measures a rival in a process of its own; a cell that it cannot take is told as such.
pub(super) fn measure(setting: &Setting, rival: &Rival) -> Result<Outcome, Error> {
    if let Some(reason) = rival.kind.refusal(setting) {
        return Ok(Outcome {
            refused: Some(reason),
            ..Outcome::default()
        });
    }
    let dir = tempfile::tempdir_in(&setting.scratch).map_err(Error::io("rival's directory"))?;
    let out = dir.path().join("stamps");
    let exchange = setting.exchange()?;
    let url = setting.url(exchange.address) + rival.kind.path(setting.market);
    let mut command = command(setting, rival, &url);
    command.arg("--out").arg(&out);
    if let Some(tls) = &setting.tls {
        let path = dir.path().join("authority.pem");
        std::fs::write(&path, &tls.ca_pem).map_err(Error::io("authority"))?;
        command.arg("--ca").arg(path);
    }
    let mut child = command.spawn().map_err(Error::io("rival"))?;
    let sent = exchange.sent();
    let ended = finish(&mut child);
    let sent = sent?;
    ended?;
    let bytes = std::fs::read(&out).map_err(Error::io("rival's stamps"))?;
    let before = if rival.kind.counts_events() {
        sent.answers
    } else {
        0
    };
    Ok(Outcome::of(&sent, arrivals(&bytes, before)))
}

fn command(setting: &Setting, rival: &Rival, url: &str) -> Command {
    let market = setting.market;
    let mut command = Command::new(&rival.program);
    command
        .args(["--url", url])
        .args(["--subscribe", &market.subscription(setting.channels)])
        .args(["--symbols", &setting.symbols().join(",")])
        .args(["--venue", market.name()])
        .args(["--channels", setting.channels.name()])
        .args(["--messages", &setting.messages().to_string()])
        .args(["--core", &setting.cores.receiver.to_string()])
        .stdin(Stdio::null());
    command
}

/// Stamps as arrivals; the first is that of the message behind the first `before`.
fn arrivals(bytes: &[u8], before: u64) -> impl Iterator<Item = Arrival> {
    let stamps = bytes
        .chunks_exact(8)
        .filter_map(|stamp| stamp.first_chunk().copied());
    stamps.zip(before + 1..).map(|(stamp, number)| {
        let done = i64::from_le_bytes(stamp);
        Arrival {
            number,
            kernel: 0,
            user: done,
            done,
        }
    })
}

fn finish(child: &mut Child) -> Result<(), Error> {
    let until = Instant::now() + PATIENCE;
    loop {
        match child.try_wait().map_err(Error::io("rival"))? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(Error::Other(format!("the rival ended with {status}"))),
            None if Instant::now() > until => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(Error::Other("the rival did not end".to_owned()));
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_numbered_behind_the_answers_and_half_a_stamp_is_none() {
        let mut bytes = [7_i64, 9].map(i64::to_le_bytes).concat();
        bytes.extend([0; 3]);
        let numbered: Vec<_> = arrivals(&bytes, 2)
            .map(|arrival| (arrival.number, arrival.done))
            .collect();
        assert_eq!(numbered, [(3, 7), (4, 9)]);
    }
}
