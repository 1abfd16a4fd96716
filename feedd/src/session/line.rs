//! One line: connect, read, reconnect, until the stop signal.

use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use feedd_codecs::raw::Carrier;
use feedd_codecs::{Reject, Venue};
use futures_util::SinkExt;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue};
use tokio_tungstenite::tungstenite::{Bytes, Error as WsError, Message};

use super::backoff::Backoff;
use super::connect::{ConnectError, Opened, Socket};
use super::pace::Pace;
use super::talk::{Event, Talk};
use crate::clock;
use crate::pipeline::hub::{Command, Hub};

/// The header that carries a key to Binance's SBE streams.
const API_KEY: &str = "x-mbx-apikey";
/// How often a line looks whether it has gone silent.
const LOOK: Duration = Duration::from_millis(100);
/// A look that comes so late tells that this thread stood still: what the venue sent meanwhile is
/// not read yet, and nothing can be said about the line.
const STOOD_STILL: i64 = 1_000_000_000;
/// How long the venue may take nothing of what we send.
const SEND: Duration = Duration::from_secs(5);
/// A certificate that expires in fewer days is told with each connection.
const EXPIRY_DAYS: i64 = 14;
/// How long a close handshake may take.
const CLOSE: Duration = Duration::from_millis(500);

/// Why a connection ended.
enum End {
    /// The program stops.
    Stop,
    /// Another line has taken over.
    Retired,
    /// Anything else, in words.
    Lost(String),
}

/// Keeps the line open until it is retired or the program stops.
pub(crate) async fn run<V: Venue + 'static>(
    hub: Rc<Hub<V>>,
    (line, replica): (u16, u8),
    path: String,
    mut commands: mpsc::Receiver<Command>,
    pace: Pace,
) {
    let url = hub.url(&path);
    let seed = u64::from(line) ^ clock::wall().unsigned_abs();
    let mut backoff = Backoff::new(hub.limits.backoff_min.0, hub.limits.backoff_max.0, seed);
    let mut stopped = hub.stopped.clone();
    loop {
        let dialled = tokio::select! {
            dialled = dial(&hub, &url, replica) => dialled,
            () = retired(&mut commands) => return,
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        let wait = match dialled {
            Ok(opened) => {
                told_up(&hub, line, &url, &opened);
                let since = tokio::time::Instant::now();
                hub.on_open(line);
                let ping = hub.frame_ping_every();
                let mut talk = Talk::new(opened.socket, &mut commands, LOOK, ping, &pace);
                let end = converse(&hub, line, &mut talk, &mut stopped).await;
                // The goodbye is a courtesy: a peer that does not answer is left.
                let _ = tokio::time::timeout(CLOSE, talk.socket.close(None)).await;
                drop(talk);
                match end {
                    End::Lost(reason) => {
                        hub.on_close(line, &reason);
                        tracing::warn!(venue = %hub.venue, line, reason, "line down");
                    }
                    End::Retired => {
                        tracing::info!(venue = %hub.venue, line, "line replaced");
                        return;
                    }
                    End::Stop => return hub.on_stop(line),
                }
                backoff.ended(since.elapsed());
                backoff.pause()
            }
            Err(error) => after_failure(&hub, line, &error, &mut backoff),
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = retired(&mut commands) => return,
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// Ends when the line is retired; what it was told while it had no connection is void.
async fn retired(commands: &mut mpsc::Receiver<Command>) {
    while commands.recv().await.is_some() {}
}

/// Books an attempt, however long that takes, and makes it.
async fn dial<V: Venue + 'static>(
    hub: &Hub<V>,
    url: &str,
    replica: u8,
) -> Result<Opened, ConnectError> {
    let attempt = loop {
        match hub.connects.book(1, true) {
            Ok(attempt) => break attempt,
            Err(wait) => {
                tokio::time::sleep(Duration::from_nanos(wait.unsigned_abs())).await;
            }
        }
    };
    let headers = secret_headers(hub);
    let opened = hub.dialer.dial(url, usize::from(replica), &headers).await?;
    hub.connects.answered(attempt, None);
    Ok(opened)
}

/// Reads the secrets of the feed anew for each connection: tokens run out, keys are changed.
fn secret_headers<V: Venue + 'static>(hub: &Hub<V>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(token) = secret(hub, hub.token_file.as_deref()) {
        hub.set_token(&token);
    }
    if let Some(key) = secret(hub, hub.api_key_file.as_deref())
        && let Ok(mut value) = HeaderValue::from_str(&key)
    {
        value.set_sensitive(true);
        headers.insert(API_KEY, value);
    }
    headers
}

fn secret<V: Venue + 'static>(hub: &Hub<V>, path: Option<&Path>) -> Option<String> {
    let path = path?;
    match std::fs::read_to_string(path) {
        Ok(text) => Some(text.trim().to_owned()),
        Err(error) => {
            tracing::error!(venue = %hub.venue, path = %path.display(), %error, "a secret cannot be read");
            None
        }
    }
}

fn told_up<V: Venue + 'static>(hub: &Hub<V>, line: u16, url: &str, opened: &Opened) {
    let address = opened.address;
    tracing::info!(venue = %hub.venue, line, url, %address, "line up");
    let Some(expires) = opened.certificate_expires else {
        return;
    };
    let days = (expires - clock::wall() / 1_000_000_000) / 86_400;
    if days < EXPIRY_DAYS {
        tracing::warn!(venue = %hub.venue, line, url, days, "the venue's certificate expires soon");
    }
}

/// Tells why there is no connection; returns the pause before the next attempt.
fn after_failure<V: Venue + 'static>(
    hub: &Hub<V>,
    line: u16,
    error: &ConnectError,
    backoff: &mut Backoff,
) -> Duration {
    match error {
        ConnectError::Tls { .. } => {
            let retry_in = hub.limits.tls_retry.0;
            tracing::error!(venue = %hub.venue, line, %error, origin = "venue", ?retry_in, "no connection");
            return retry_in;
        }
        ConnectError::Refused {
            stop: Some(stop), ..
        } => {
            let stopped = hub.connects.stop(stop);
            tracing::warn!(venue = %hub.venue, line, %error, ?stopped, "no connection: the venue wants no attempts, all of its budget stop");
        }
        _ => tracing::warn!(venue = %hub.venue, line, %error, "no connection"),
    }
    backoff.pause()
}

/// Reads and writes one connection until it ends.
async fn converse<V: Venue + 'static>(
    hub: &Rc<Hub<V>>,
    line: u16,
    talk: &mut Talk<'_>,
    stopped: &mut watch::Receiver<bool>,
) -> End {
    let mut stop = pin!(stopped.wait_for(|stop| *stop));
    let mut heard = clock::mono();
    let mut looked = heard;
    loop {
        match poll_fn(|context| talk.poll_event(context, stop.as_mut())).await {
            Event::Heard(message) => {
                heard = clock::mono();
                if let Some(end) = hear(hub, line, &mut talk.socket, message) {
                    return end;
                }
            }
            Event::Told(Some(Command::Text(text))) => {
                if let Some(end) = send(&mut talk.socket, Message::text(text)).await {
                    return end;
                }
            }
            Event::Told(Some(Command::Close(reason))) => {
                return End::Lost(reason.text().to_owned());
            }
            Event::Told(None) => return End::Retired,
            Event::Ping => {
                if let Some(end) = send(&mut talk.socket, Message::Ping(Bytes::new())).await {
                    return end;
                }
            }
            Event::Look => {
                let now = clock::mono();
                let stood_still = now - looked > STOOD_STILL;
                looked = now;
                if !stood_still && let Some(end) = overdue(hub, &talk.socket, heard, now) {
                    return end;
                }
            }
            Event::Stop => return End::Stop,
        }
    }
}

/// What the socket brought.
#[inline]
fn hear<V: Venue + 'static>(
    hub: &Rc<Hub<V>>,
    line: u16,
    socket: &mut Socket,
    message: Option<Result<Message, WsError>>,
) -> Option<End> {
    match message {
        Some(Ok(message)) => {
            let watched = socket.get_mut();
            watched.complete();
            take(hub, line, watched.arrival(), &message)
        }
        Some(Err(error)) => Some(refused(hub, line, &error)),
        None => Some(End::Lost("the venue closed the connection".to_owned())),
    }
}

/// Whether the line has been silent, or a frame unfinished, for too long.
fn overdue<V: Venue + 'static>(hub: &Hub<V>, socket: &Socket, heard: i64, now: i64) -> Option<End> {
    let silent = now - heard;
    if silent > hub.silence {
        let ms = silent / 1_000_000;
        return Some(End::Lost(format!("nothing came for {ms} ms")));
    }
    let unfinished = socket.get_ref().unfinished(now);
    (unfinished > hub.limits.frame.0).then(|| {
        let ms = unfinished.as_millis();
        End::Lost(format!("a frame was not complete after {ms} ms"))
    })
}

/// Sends a message; the end if the venue does not take it.
async fn send(socket: &mut Socket, message: Message) -> Option<End> {
    match tokio::time::timeout(SEND, socket.send(message)).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(End::Lost(error.to_string())),
        Err(_) => Some(End::Lost(format!("the venue took nothing for {SEND:?}"))),
    }
}

/// One message into the feed.
#[inline]
fn take<V: Venue + 'static>(
    hub: &Rc<Hub<V>>,
    line: u16,
    ts_kernel: i64,
    message: &Message,
) -> Option<End> {
    match message {
        Message::Text(text) => hub.on_frame(line, Carrier::TEXT, ts_kernel, text.as_bytes()),
        Message::Binary(bytes) => hub.on_frame(line, Carrier::BINARY, ts_kernel, bytes),
        Message::Close(frame) => {
            let reason = frame
                .as_ref()
                .map(|frame| format!("{} {}", frame.code, frame.reason));
            return Some(End::Lost(format!(
                "the venue closed: {}",
                reason.unwrap_or_default()
            )));
        }
        // tungstenite answers pings by itself with the next read, at the pace of `pongs.rs`.
        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
    }
    None
}

/// A frame that broke the WebSocket protocol or a limit ends the connection; it is counted, and its
/// rule stands in the quarantine without its bytes, which were never read whole.
fn refused<V: Venue + 'static>(hub: &Rc<Hub<V>>, line: u16, error: &WsError) -> End {
    let rule = match error {
        WsError::Capacity(CapacityError::MessageTooLong { .. }) => Some(Reject::TooLarge),
        WsError::Utf8(_) => Some(Reject::InvalidUtf8),
        _ => None,
    };
    if let Some(rule) = rule {
        hub.on_refused(line, Carrier::TEXT, &[], rule);
    }
    End::Lost(error.to_string())
}
