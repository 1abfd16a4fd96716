//! One WebSocket connection's life: read, write, pings, limits, and its end.

mod link;

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::frames;
use super::io::Io;
use super::rules::Rules;
use super::valve::Valve;
use crate::config::Product;
use crate::fault::Ending;
use crate::hub::{Command, Ends, Out, QUEUE_MAX, Queued, Session};
use crate::venue::Handshake;
use crate::world::{Shared, lock};
use link::Link;

/// Messages written per flush at most, so that the count of written messages stays current.
const BATCH_MAX: usize = 256;

/// Time a client gets to answer a close frame.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// Time the bytes of an [`Ending::CutAfter`] get to leave.
const LAST_WORDS_WAIT: Duration = Duration::from_secs(1);

/// A connection that the hub knows, from before the client has its answer to the handshake: what
/// is ordered for "all connections" right after a client's connect must reach it.
pub(crate) struct Seat {
    link: Link,
    queue: mpsc::Receiver<Queued>,
    commands: watch::Receiver<Command>,
}

impl Seat {
    /// Registers a connection.
    pub(crate) fn take(
        shared: Shared,
        product: Product,
        handshake: Handshake,
        rules: Rules,
    ) -> Self {
        let (out, queue) = mpsc::channel(QUEUE_MAX);
        let (command, commands) = watch::channel(Command::Run);
        let valve = Arc::new(Valve::default());
        let ends = Ends {
            out,
            command,
            valve: Arc::clone(&valve),
        };
        let line = lock(&shared).open(product, |line| {
            let mut session = Session::new(line, product, handshake.path, ends);
            session.sbe = handshake.sbe;
            session
        });
        let (pinged, closing) = (AtomicU64::new(0), AtomicBool::new(false));
        let link = Link {
            shared,
            product,
            line,
            rules,
            pinged,
            closing,
            valve,
        };
        Self {
            link,
            queue,
            commands,
        }
    }

    /// The valve that belongs into the connection's byte stream.
    pub(crate) fn valve(&self) -> Arc<Valve> {
        Arc::clone(&self.link.valve)
    }

    /// Gives the seat up: the handshake never became a connection.
    pub(crate) fn leave(self) {
        let Link {
            shared,
            product,
            line,
            ..
        } = self.link;
        lock(&shared).close(product, line, "the handshake was not completed");
    }

    /// Runs the connection to its last byte.
    pub(crate) async fn serve(self, ws: WebSocketStream<Io>) {
        let Self {
            link,
            queue,
            commands,
        } = self;
        let (mut sink, mut stream) = ws.split();
        let end = live(&link, &mut sink, &mut stream, queue, commands).await;
        let why = match &end {
            End::Ordered(ending) => format!("fault: {ending:?}"),
            End::Over(why) => why.clone(),
        };
        lock(&link.shared).close(link.product, link.line, &why);
        if let (End::Ordered(ending), Ok(ws)) = (end, sink.reunite(stream)) {
            finish(ws, ending).await;
        }
    }
}

/// How a connection's life ended.
enum End {
    Over(String),
    Ordered(Ending),
}

/// Drives the parts until one of them ends. A freeze polls none of them.
async fn live(
    link: &Link,
    sink: &mut SplitSink<WebSocketStream<Io>, Message>,
    stream: &mut SplitStream<WebSocketStream<Io>>,
    queue: mpsc::Receiver<Queued>,
    mut commands: watch::Receiver<Command>,
) -> End {
    let mut read = pin!(read(link, stream));
    let mut write = pin!(write(link, sink, queue));
    let mut watch = pin!(watch_limits(link));
    loop {
        let command = commands.borrow_and_update().clone();
        match command {
            Command::End(ending) => return End::Ordered(ending),
            Command::Freeze(until) if until > Instant::now() => {
                tokio::select! {
                    () = sleep_until(until) => {}
                    _ = commands.changed() => {}
                }
                continue;
            }
            Command::Freeze(_) | Command::Run => {}
        }
        tokio::select! {
            changed = commands.changed() => if changed.is_err() {
                return End::Over("the simulation ended".to_owned());
            },
            why = &mut read => return End::Over(why),
            why = &mut write => return End::Over(why),
            () = &mut watch => {}
        }
    }
}

/// Carries out an abrupt ending. Dropping the socket is part of it.
async fn finish(mut ws: WebSocketStream<Io>, ending: Ending) {
    match ending {
        Ending::Reset => {
            if let Err(error) = ws.get_ref().reset_on_drop() {
                tracing::debug!(%error, "simulated venue: no TCP reset");
            }
        }
        Ending::CutAfter(bytes) => {
            let words = async {
                ws.get_mut().write_all(&bytes).await?;
                ws.get_mut().flush().await
            };
            // The client may be gone or not reading: the connection ends either way.
            let _late = timeout(LAST_WORDS_WAIT, words).await;
        }
        Ending::Cut | Ending::Clean { .. } | Ending::ResetAfter(_) => {}
    }
}

/// Reads until the client is gone or breaks a rule.
async fn read(link: &Link, stream: &mut SplitStream<WebSocketStream<Io>>) -> String {
    let mut recent = VecDeque::new();
    while let Some(message) = stream.next().await {
        let message = match message {
            Ok(message) => message,
            Err(error) => return format!("read: {error}"),
        };
        link.received();
        if over_limit(&mut recent, link.rules.inbound) {
            link.close("Too many requests");
        }
        match message {
            Message::Text(text) => {
                lock(&link.shared).text(link.product, link.line, text.as_str());
            }
            Message::Pong(payload) => link.ponged(&payload),
            _ => {}
        }
    }
    "closed by the client".to_owned()
}

/// Whether the client sent more than `limit` messages within the last second, this one included.
fn over_limit(recent: &mut VecDeque<Instant>, limit: Option<u32>) -> bool {
    let Some(limit) = limit else { return false };
    let now = Instant::now();
    recent.push_back(now);
    while recent
        .front()
        .is_some_and(|at| now - *at >= Duration::from_secs(1))
    {
        recent.pop_front();
    }
    recent.len() > limit as usize
}

/// Writes the queue until it ends, the socket breaks or a close frame was written.
async fn write(
    link: &Link,
    sink: &mut SplitSink<WebSocketStream<Io>, Message>,
    mut queue: mpsc::Receiver<Queued>,
) -> String {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while queue.recv_many(&mut batch, BATCH_MAX).await > 0 {
        // Nothing may follow a close frame.
        let close = batch
            .iter()
            .position(|queued| matches!(queued.out, Out::Close { .. }));
        batch.truncate(close.map_or(batch.len(), |close| close + 1));
        if let Err(error) = write_batch(link, sink, &batch).await {
            return format!("write: {error}");
        }
        batch.clear();
        if close.is_some() {
            sleep(CLOSE_WAIT).await;
            return "closed by the server".to_owned();
        }
    }
    "the simulation ended".to_owned()
}

/// Writes messages in order, each when its time has come, and flushes before every wait.
async fn write_batch(
    link: &Link,
    sink: &mut SplitSink<WebSocketStream<Io>, Message>,
    batch: &[Queued],
) -> Result<(), Error> {
    let mut fed = 0;
    for (index, queued) in batch.iter().enumerate() {
        if link.valve.holds(queued.at) {
            flush(link, sink, batch.get(fed..index).unwrap_or_default()).await?;
            fed = index;
            link.valve.wait(queued.at).await;
        }
        for message in messages(&queued.out) {
            sink.feed(message).await?;
        }
    }
    flush(link, sink, batch.get(fed..).unwrap_or_default()).await
}

async fn flush(
    link: &Link,
    sink: &mut SplitSink<WebSocketStream<Io>, Message>,
    fed: &[Queued],
) -> Result<(), Error> {
    sink.flush().await?;
    link.wrote(fed);
    Ok(())
}

fn messages(out: &Out) -> Vec<Message> {
    match out {
        Out::Text { body, .. } => vec![Message::Text(body.clone())],
        Out::Binary { body, .. } => vec![Message::Binary(body.clone())],
        Out::Raw { body, .. } => vec![frames::text(body.clone())],
        Out::Frames(frames) => frames.clone(),
        Out::Close { code, reason } => {
            let frame = CloseFrame {
                code: (*code).into(),
                reason: reason.as_str().into(),
            };
            vec![Message::Close(Some(frame))]
        }
    }
}

/// Pings, and closes when a pong, a sign of life or the end of the lifetime is due.
async fn watch_limits(link: &Link) {
    let born = Instant::now();
    let mut next_ping = link.rules.ping.map(|(interval, _)| born + interval);
    let mut pong_due = None;
    loop {
        sleep(link.pause()).await;
        let now = Instant::now();
        if link.pinged.load(Ordering::Relaxed) == 0 {
            pong_due = None;
        }
        if pong_due.is_some_and(|due| now >= due) {
            link.close("Pong timeout");
        }
        if let (Some((interval, patience)), Some(due)) = (link.rules.ping, next_ping)
            && now >= due
        {
            next_ping = Some(now + interval);
            pong_due = pong_due.or(Some(now + patience));
            link.ping();
        }
        if link.idle() {
            link.close("Inactive");
        }
        if link.rules.life.is_some_and(|life| born + life <= now) {
            link.expire();
        }
    }
}
