//! Programs of others: processes that connect, subscribe, decode, and write down when.
//!
//! A rival is called with `--url URL --subscribe TEXT --venue NAME --messages N --core N --out FILE`
//! and, under TLS, `--ca FILE`. It ends when it has seen that many text messages and nothing came for
//! a second, or nothing for long, and leaves `FILE`: for each text message of the line, in order, the
//! wall-clock time at which it was decoded, nanoseconds since the epoch, as little-endian `i64`.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Error;
use super::cell::Setting;
use super::summary::{Arrival, Outcome};

/// How long a rival may take beyond the run.
const PATIENCE: Duration = Duration::from_secs(20);

/// A rival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    /// Its name in tables.
    pub name: String,
    /// Its program.
    pub program: PathBuf,
}

/// Measures a rival in a process of its own.
pub(super) fn measure(setting: &Setting, rival: &Rival) -> Result<Outcome, Error> {
    let dir = tempfile::tempdir_in(&setting.scratch).map_err(Error::io("rival's directory"))?;
    let out = dir.path().join("stamps");
    let exchange = setting.exchange()?;
    let mut command = Command::new(&rival.program);
    let market = setting.market;
    command
        .args([
            "--url",
            &format!("{}{}", setting.url(exchange.address), market.path()),
        ])
        .args([
            "--subscribe",
            &market.subscription(),
            "--venue",
            market.name(),
        ])
        .args(["--messages", &setting.messages().to_string()])
        .args(["--core", &setting.cores.receiver.to_string()])
        .arg("--out")
        .arg(&out)
        .stdin(Stdio::null());
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
    let stamps = bytes
        .chunks_exact(8)
        .filter_map(|stamp| stamp.first_chunk().copied());
    let arrivals = stamps.zip(1..).map(|(stamp, number): (_, u64)| {
        let done = i64::from_le_bytes(stamp);
        Arrival {
            number,
            kernel: 0,
            user: done,
            done,
        }
    });
    Ok(Outcome::of(&sent, arrivals))
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
