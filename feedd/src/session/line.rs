//! One line: connect, read, reconnect, until the stop signal.

use std::rc::Rc;
use std::time::Duration;

use feedd_codecs::raw::Carrier;
use feedd_codecs::{Reject, Venue};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::http::HeaderMap;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::backoff::Backoff;
use super::budget::{Booking, Budget};
use super::connect::{ConnectError, Opened, Socket};
use crate::clock;
use crate::config::Span;
use crate::pipeline::hub::{Command, Hub};

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
    /// Anything else, in words.
    Lost(String),
}

/// Keeps the line open until the stop signal.
pub(crate) async fn run<V: Venue + 'static>(
    hub: Rc<Hub<V>>,
    line: u16,
    path: String,
    mut commands: mpsc::Receiver<Command>,
) {
    let url = format!("{}{path}", hub.ws_url);
    let seed = u64::from(line) ^ clock::wall().unsigned_abs();
    let mut backoff = Backoff::new(hub.limits.backoff_min.0, hub.limits.backoff_max.0, seed);
    let mut stopped = hub.stopped.clone();
    // Public streams need none.
    let headers = HeaderMap::new();
    loop {
        let Some(attempt) = book(&hub.connects, &mut stopped).await else {
            return;
        };
        let dialled = tokio::select! {
            dialled = hub.dialer.dial(&url, usize::from(line), &headers) => dialled,
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        let wait = match dialled {
            Ok(opened) => {
                hub.connects.answered(attempt, None);
                told_up(&hub, line, &url, &opened);
                let since = tokio::time::Instant::now();
                while commands.try_recv().is_ok() {}
                hub.on_open(line);
                let end = converse(&hub, line, opened.socket, &mut commands, &mut stopped).await;
                let End::Lost(reason) = end else {
                    return hub.on_stop(line);
                };
                hub.on_close(line, &reason);
                tracing::warn!(venue = %hub.venue, line, reason, "line down");
                backoff.ended(since.elapsed());
                backoff.pause()
            }
            Err(error) => after_failure(&hub, line, &error, &mut backoff),
        };
        if !pause(Span(wait).nanos(), &mut stopped).await {
            return;
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

/// Books a connection attempt, however long that takes; `None` if the program stops meanwhile.
async fn book(connects: &Budget, stopped: &mut watch::Receiver<bool>) -> Option<Booking> {
    loop {
        if *stopped.borrow() {
            return None;
        }
        match connects.book(1, true) {
            Ok(booking) => return Some(booking),
            Err(wait) if !pause(wait, stopped).await => return None,
            Err(_) => {}
        }
    }
}

/// Sleeps; false if the program stops meanwhile.
async fn pause(ns: i64, stopped: &mut watch::Receiver<bool>) -> bool {
    if ns <= 0 {
        return !*stopped.borrow();
    }
    let sleep = tokio::time::sleep(Duration::from_nanos(ns.unsigned_abs()));
    tokio::select! {
        () = sleep => true,
        _ = stopped.wait_for(|stop| *stop) => false,
    }
}

/// Reads and writes one connection until it ends.
async fn converse<V: Venue + 'static>(
    hub: &Rc<Hub<V>>,
    line: u16,
    mut socket: Socket,
    commands: &mut mpsc::Receiver<Command>,
    stopped: &mut watch::Receiver<bool>,
) -> End {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = clock::mono();
    let mut looked = heard;
    let end = loop {
        tokio::select! {
            message = socket.next() => {
                heard = clock::mono();
                socket.get_mut().complete();
                match message {
                    Some(Ok(message)) => {
                        if let Some(end) = take(hub, line, &message) {
                            break end;
                        }
                    }
                    Some(Err(error)) => break refused(hub, line, &error),
                    None => break End::Lost("the venue closed the connection".to_owned()),
                }
            }
            Some(command) = commands.recv() => match command {
                Command::Text(text) => {
                    if let Some(end) = send(&mut socket, text).await {
                        break end;
                    }
                }
                Command::Close(reason) => break End::Lost(reason.text().to_owned()),
            },
            _ = look.tick() => {
                let now = clock::mono();
                let stood_still = now - looked > STOOD_STILL;
                looked = now;
                if stood_still {
                    continue;
                }
                if let Some(end) = overdue(hub, &socket, heard, now) {
                    break end;
                }
            }
            _ = stopped.wait_for(|stop| *stop) => break End::Stop,
        }
    };
    // The goodbye is a courtesy: a peer that does not answer is left.
    let _ = tokio::time::timeout(CLOSE, socket.close(None)).await;
    end
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

/// Sends a text; the end if the venue does not take it.
async fn send(socket: &mut Socket, text: String) -> Option<End> {
    match tokio::time::timeout(SEND, socket.send(Message::text(text))).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(End::Lost(error.to_string())),
        Err(_) => Some(End::Lost(format!("the venue took nothing for {SEND:?}"))),
    }
}

/// One message into the feed.
#[inline]
fn take<V: Venue + 'static>(hub: &Rc<Hub<V>>, line: u16, message: &Message) -> Option<End> {
    match message {
        Message::Text(text) => hub.on_text(line, text.as_bytes()),
        Message::Binary(bytes) => hub.on_refused(line, Carrier::BINARY, bytes, Reject::Binary),
        Message::Close(frame) => {
            let reason = frame
                .as_ref()
                .map(|frame| format!("{} {}", frame.code, frame.reason));
            return Some(End::Lost(format!(
                "the venue closed: {}",
                reason.unwrap_or_default()
            )));
        }
        // tungstenite answers pings by itself with the next read.
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
