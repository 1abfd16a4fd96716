//! One line: connect, read, reconnect, until the stop signal.

use std::rc::Rc;
use std::time::Duration;

use feedd_codecs::raw::Carrier;
use feedd_codecs::{Reject, Venue};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::backoff::Backoff;
use super::connect::Socket;
use crate::clock;
use crate::pipeline::hub::{Command, Hub};

/// How often a line looks whether it has gone silent.
const LOOK: Duration = Duration::from_millis(100);
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
    loop {
        if !pause(hub.book_attempt(), &mut stopped).await {
            return;
        }
        let dialled = tokio::select! {
            dialled = hub.dialer.dial(&url) => dialled,
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        match dialled {
            Ok(socket) => {
                tracing::info!(venue = %hub.venue, line, url, "line up");
                let since = tokio::time::Instant::now();
                while commands.try_recv().is_ok() {}
                hub.on_open(line);
                let end = converse(&hub, line, socket, &mut commands, &mut stopped).await;
                let End::Lost(reason) = end else {
                    return hub.on_stop(line);
                };
                hub.on_close(line, &reason);
                tracing::warn!(venue = %hub.venue, line, reason, "line down");
                backoff.ended(since.elapsed());
            }
            Err(error) => tracing::warn!(venue = %hub.venue, line, %error, "no connection"),
        }
        let wait = i64::try_from(backoff.pause().as_nanos()).unwrap_or(i64::MAX);
        if !pause(wait, &mut stopped).await {
            return;
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
    let end = loop {
        tokio::select! {
            message = socket.next() => {
                heard = clock::mono();
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
                    if let Err(error) = socket.send(Message::text(text)).await {
                        break End::Lost(error.to_string());
                    }
                }
                Command::Close(reason) => break End::Lost(reason.text().to_owned()),
            },
            _ = look.tick() => {
                let silent = clock::mono() - heard;
                if silent > hub.silence {
                    break End::Lost(format!("nothing came for {} ms", silent / 1_000_000));
                }
            }
            _ = stopped.wait_for(|stop| *stop) => break End::Stop,
        }
    };
    // The goodbye is a courtesy: a peer that does not answer is left.
    let _ = tokio::time::timeout(CLOSE, socket.close(None)).await;
    end
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
