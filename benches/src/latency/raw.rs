//! The limit of the machine: read, find the frame's end, look at the clock. No library, no decoding.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use ::feedd::clock;

use super::cell::{GIVE_UP, Setting};
use super::summary::{Arrival, Outcome};
use super::transport::Transport;
use super::{Error, cores, frames};

/// As much as one read takes.
const BUFFER: usize = 64 << 10;
/// Longest answer to the handshake.
const HEAD_MAX: usize = 4 << 10;
/// How long the exchange may take to begin.
const PATIENCE: Duration = Duration::from_secs(30);
/// Reads of nothing between two looks at the clock for giving up.
const LOOK: u32 = 1 << 16;

/// Measures the raw client in a thread on the receiver's core.
pub(super) fn measure(setting: &Setting) -> Result<Outcome, Error> {
    let exchange = setting.exchange()?;
    let (address, setting_of_client) = (exchange.address, setting.clone());
    let client = std::thread::Builder::new()
        .name("raw".to_owned())
        .spawn(move || client(&setting_of_client, address))
        .map_err(Error::io("raw thread"))?;
    let sent = exchange.sent()?;
    let ended = client.join();
    let arrivals = ended.map_err(|_| Error::Other("the raw client panicked".to_owned()))??;
    Ok(Outcome::of(&sent, arrivals))
}

fn client(setting: &Setting, address: std::net::SocketAddr) -> Result<Vec<Arrival>, Error> {
    let socket = TcpStream::connect(address).map_err(Error::io("connect"))?;
    let mut line = Transport::connected(socket, setting.tls.as_ref())?;
    shake_hands(&mut line, setting.market.path())?;
    let request = masked(&setting.market.subscription(setting.channels));
    line.write_all(&request).map_err(Error::io("subscribe"))?;
    line.socket()
        .set_nonblocking(true)
        .map_err(Error::io("raw socket"))?;
    cores::pin(setting.cores.receiver);
    let mut arrivals = Arrival::room(usize::try_from(setting.messages() + 64).unwrap_or(0));
    spin(&mut line, setting.messages(), &mut arrivals)?;
    Ok(arrivals)
}

/// The opening of RFC 6455; the answer is believed.
fn shake_hands(line: &mut Transport, path: &str) -> Result<(), Error> {
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    line.write_all(head.as_bytes())
        .map_err(Error::io("handshake"))?;
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(b"\r\n\r\n") {
        line.read_exact(&mut byte).map_err(Error::io("handshake"))?;
        answer.push(byte[0]);
        if answer.len() > HEAD_MAX {
            return Err(Error::Other("the handshake's answer has no end".to_owned()));
        }
    }
    Ok(())
}

/// A client's text frame, masked with zeros.
fn masked(text: &str) -> Vec<u8> {
    let mut plain = Vec::new();
    frames::text(text, &mut plain);
    let head = plain.len() - text.len();
    plain[1] |= 0x80;
    plain.splice(head..head, [0; 4]);
    plain
}

/// Reads without sleeping until nothing came for [`GIVE_UP`] after the first measured message.
fn spin(line: &mut Transport, messages: u64, arrivals: &mut Vec<Arrival>) -> Result<(), Error> {
    let mut buffer = vec![0; BUFFER];
    let (mut filled, mut number, mut empty) = (0, 0, 0_u32);
    let mut heard = Instant::now();
    loop {
        match line.read(&mut buffer[filled..]) {
            Ok(0) => return Ok(()),
            Ok(read) => {
                filled += read;
                empty = 0;
                filled = take(&mut buffer, filled, &mut number, arrivals);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                empty += 1;
                if empty == 1 {
                    heard = Instant::now();
                }
                if empty.is_multiple_of(LOOK) && is_over(heard, number, messages) {
                    return Ok(());
                }
            }
            Err(error) => return Err(Error::io("raw read")(error)),
        }
    }
}

fn is_over(heard: Instant, number: u64, messages: u64) -> bool {
    let patience = if number > messages {
        GIVE_UP / 3
    } else {
        PATIENCE.min(GIVE_UP * 2)
    };
    heard.elapsed() > patience
}

/// Stamps every whole frame; returns the bytes of the last that are kept.
#[inline]
fn take(buffer: &mut [u8], filled: usize, number: &mut u64, arrivals: &mut Vec<Arrival>) -> usize {
    let mut from = 0;
    while let Some((payload, length)) = frames::split(&buffer[from..filled]) {
        std::hint::black_box(payload);
        let user = clock::wall();
        *number += 1;
        arrivals.push(Arrival {
            number: *number,
            kernel: 0,
            user,
            done: user,
        });
        from += length;
    }
    if from > 0 {
        buffer.copy_within(from..filled, 0);
    }
    filled - from
}
