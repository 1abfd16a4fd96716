//! The sending end: one line that answers subscriptions and then sends by the clock.
//!
//! It runs on one thread, pinned. The simulated exchange beside it answers REST; its own lines go
//! through tasks and queues and are too slow for a sender whose stamps must be exact.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use feedd::clock;
use tokio_tungstenite::tungstenite::handshake::server::{
    Callback, ErrorResponse, Request, Response,
};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use super::certificate::Tls;
use super::cores;
use super::schedule::Load;
use super::traffic::{Market, Source};
use super::transport::Transport;
use super::{Error, frames};

/// How long a client may take to connect and subscribe. feedd opens its lines without reference
/// data after 15 s.
const JOIN: Duration = Duration::from_secs(30);
/// After so long without a request, the client has subscribed to all it wants. Venues' rules make
/// clients pause up to 250 ms between two requests.
const QUIET: Duration = Duration::from_millis(600);
/// Pause between the opening messages and the first measured one.
const CALM: Duration = Duration::from_millis(200);
/// What every client's kernel may hold back from the sender before a write fails.
const STALL: Duration = Duration::from_secs(20);

/// What is to be sent.
pub struct Order {
    /// The venue that is spoken.
    pub market: Market,
    /// Its messages.
    pub source: Box<dyn Source>,
    /// When they leave.
    pub load: Load,
    /// How many.
    pub messages: u64,
    /// The sender's core.
    pub core: usize,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Order")
            .field("load", &self.load)
            .finish_non_exhaustive()
    }
}

/// Wall-clock nanoseconds of one departure.
#[derive(Clone, Copy, Debug)]
pub struct Departure {
    /// By the schedule.
    pub intended: i64,
    /// Before the write.
    pub sent: i64,
}

/// What was sent.
#[derive(Debug)]
pub struct Sent {
    /// Answers to the client's requests: the first text messages of the line.
    pub answers: u64,
    /// Text messages before the first measured one, the answers among them.
    pub preamble: u64,
    /// Each departure, of `burst` messages.
    pub departures: Vec<Departure>,
    /// Messages of a departure.
    pub burst: u32,
    /// Messages sent.
    pub messages: u64,
    /// Keeps the line open until the receiver is done.
    _line: WebSocket<Transport>,
}

impl Sent {
    /// The departure of message `number` of the line, counted from 1.
    #[must_use]
    pub fn departure(&self, number: u64) -> Option<Departure> {
        let at = number.checked_sub(self.preamble + 1)?;
        let at = usize::try_from(at / u64::from(self.burst)).ok()?;
        self.departures.get(at).copied()
    }
}

/// Listens; the thread sends to the first line that subscribes.
///
/// # Errors
///
/// [`Error::Io`] if no port can be had.
pub fn open(
    order: Order,
    tls: Option<Tls>,
) -> Result<(SocketAddr, JoinHandle<Result<Sent, Error>>), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Error::io("listen"))?;
    listener
        .set_nonblocking(true)
        .map_err(Error::io("listen"))?;
    let address = listener.local_addr().map_err(Error::io("listen"))?;
    let thread = std::thread::Builder::new()
        .name("exchange".to_owned())
        .spawn(move || {
            let (mut line, target) = join(&listener, tls.as_ref())?;
            send(&mut line, &target, order).map(|sent| sent(line))
        })
        .map_err(Error::io("exchange thread"))?;
    Ok((address, thread))
}

/// The first line that opens, and its path with what follows it.
fn join(
    listener: &TcpListener,
    tls: Option<&Tls>,
) -> Result<(WebSocket<Transport>, String), Error> {
    let socket = first(listener)?;
    let transport = Transport::accepted(socket, tls)?;
    let mut target = String::new();
    let line = tungstenite::accept_hdr(transport, Target(&mut target)).map_err(Error::other)?;
    Ok((line, target))
}

/// Takes down what a client opens.
struct Target<'t>(&'t mut String);

impl Callback for Target<'_> {
    fn on_request(self, request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        *self.0 = request.uri().to_string();
        Ok(response)
    }
}

/// The first connection.
fn first(listener: &TcpListener) -> Result<TcpStream, Error> {
    let until = Instant::now() + JOIN;
    let socket = loop {
        match listener.accept() {
            Ok((socket, _)) => break socket,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if Instant::now() > until {
                    return Err(Error::Other("no client came".to_owned()));
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(error) => return Err(Error::io("accept")(error)),
        }
    };
    socket.set_nonblocking(false).map_err(Error::io("accept"))?;
    socket
        .set_read_timeout(Some(JOIN))
        .map_err(Error::io("accept"))?;
    socket
        .set_write_timeout(Some(STALL))
        .map_err(Error::io("accept"))?;
    Ok(socket)
}

/// Answers requests until the client has made all of them; the text messages sent.
fn answer(line: &mut WebSocket<Transport>, market: Market) -> Result<u64, Error> {
    let mut sent = 0;
    while let Some(message) = receive(line)? {
        let Message::Text(request) = message else {
            continue;
        };
        for answer in market.answers(&request) {
            line.send(Message::text(answer)).map_err(Error::other)?;
            sent += 1;
        }
        quiet(line)?;
    }
    Ok(sent)
}

/// From now on, silence means that the client has asked for all it wants.
fn quiet(line: &WebSocket<Transport>) -> Result<(), Error> {
    let socket = line.get_ref().socket();
    socket
        .set_read_timeout(Some(QUIET))
        .map_err(Error::io("read timeout"))
}

/// The next message; nothing if none comes in time.
fn receive(line: &mut WebSocket<Transport>) -> Result<Option<Message>, Error> {
    match line.read() {
        Ok(message) => Ok(Some(message)),
        Err(tungstenite::Error::Io(error))
            if matches!(
                error.kind(),
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(Error::other(error)),
    }
}

/// Subscriptions, opening, and the measured messages; what takes the line makes the result.
fn send(
    line: &mut WebSocket<Transport>,
    target: &str,
    mut order: Order,
) -> Result<impl FnOnce(WebSocket<Transport>) -> Sent + use<>, Error> {
    if target.contains("streams=") {
        // It has subscribed by its address and need not say more.
        quiet(line)?;
    }
    let answers = answer(line, order.market)?;
    let mut preamble = answers;
    for text in order.source.opening() {
        line.send(Message::text(text)).map_err(Error::other)?;
        preamble += 1;
    }
    cores::pin(order.core);
    if !cores::is_busy(order.load.interval()) {
        // Refused: the schedule's row shows what that costs.
        cores::prefer();
    }
    let (departures, messages) = pace(line.get_mut(), target, &mut order)?;
    let burst = order.load.burst;
    Ok(move |line| Sent {
        answers,
        preamble,
        departures,
        burst,
        messages,
        _line: line,
    })
}

/// Sends by the schedule. Each departure is made ready before its time and leaves in one write.
fn pace(
    out: &mut Transport,
    target: &str,
    order: &mut Order,
) -> Result<(Vec<Departure>, u64), Error> {
    let burst = order.load.burst;
    let count = order.messages.div_ceil(u64::from(burst));
    let interval = i64::try_from(order.load.interval()).unwrap_or(i64::MAX);
    let mut departures = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    let (mut text, mut bytes) = (String::new(), Vec::new());
    let mut messages = 0;
    let mut intended = clock::wall() + i64::try_from(CALM.as_nanos()).unwrap_or(0);
    for _ in 0..count {
        bytes.clear();
        let mut ready = 0;
        while ready < burst && {
            text.clear();
            order.source.next(&mut text)
        } {
            frames::text(order.market.on_path(target, &text), &mut bytes);
            ready += 1;
        }
        if ready == 0 {
            break;
        }
        cores::wait_until(intended);
        let sent = clock::wall();
        out.write_all(&bytes)
            .and_then(|()| out.flush())
            .map_err(Error::io("send"))?;
        departures.push(Departure { intended, sent });
        messages += u64::from(ready);
        intended += interval;
    }
    Ok((departures, messages))
}
