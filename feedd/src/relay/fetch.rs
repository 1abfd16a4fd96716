//! Asking a replay service, on a thread of its own: an answer may take long, and the live stream
//! must be read meanwhile.

use std::io::{self, BufReader};
use std::net::{TcpStream, ToSocketAddrs};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::ask::{self, Answer, Ask};

/// Time for the connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);
/// Time without a byte of the answer: longer than the server's pace ever holds one back.
const READ_PATIENCE: Duration = Duration::from_secs(10);
/// Pieces of an answer that wait; then the server has to.
const PIECES_MAX: usize = 64;

/// What comes of a question.
#[derive(Debug)]
pub enum Piece {
    /// The service is there and serves the journal with this identity.
    Hello(u128),
    /// A message of the answer; the last is [`Answer::End`], [`Answer::Roster`] or
    /// [`Answer::Refused`].
    Answer(Answer),
    /// There is no answer, or no more of it.
    Failed(String),
}

/// What to ask, and whom: a service that turned to another journal is not asked.
#[derive(Clone, Copy, Debug)]
struct Question {
    ask: Ask,
    journal: Option<u128>,
}

/// Asks one service, one question at a time.
#[derive(Debug)]
pub struct Fetcher {
    asks: Sender<Question>,
    pieces: Receiver<Piece>,
}

impl Fetcher {
    /// A thread that asks the service at `addr` (`HOST:PORT`, resolved anew each time). It ends
    /// when this is dropped, after the question that it is at.
    ///
    /// # Errors
    ///
    /// If the thread cannot be started.
    pub fn start(addr: &str) -> io::Result<Self> {
        let (asks, asked) = bounded::<Question>(1);
        let (told, pieces) = bounded(PIECES_MAX);
        let addr = addr.to_owned();
        let work = move || {
            for question in &asked {
                if let Err(error) = fetch(&addr, question, &told)
                    && told
                        .send(Piece::Failed(format!("{addr}: {error}")))
                        .is_err()
                {
                    return;
                }
            }
        };
        thread::Builder::new()
            .name("replay-fetch".to_owned())
            .spawn(work)?;
        Ok(Self { asks, pieces })
    }

    /// Asks the service if it serves `journal` (`None`: whatever it serves); whether there was room
    /// for the question. There is, once the last one is answered.
    pub fn ask(&self, ask: Ask, journal: Option<u128>) -> bool {
        self.asks.try_send(Question { ask, journal }).is_ok()
    }

    /// The next piece that came.
    pub fn next(&self) -> Option<Piece> {
        self.pieces.try_recv().ok()
    }
}

fn connect(addr: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for addr in addr.to_socket_addrs()? {
        match TcpStream::connect_timeout(&addr, CONNECT_PATIENCE) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(READ_PATIENCE))?;
                stream.set_write_timeout(Some(CONNECT_PATIENCE))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Asks one question and passes the answer on until its end, or until nobody wants it.
fn fetch(addr: &str, question: Question, told: &Sender<Piece>) -> io::Result<()> {
    let stream = connect(addr)?;
    let mut from = BufReader::with_capacity(64 << 10, &stream);
    let journal = ask::read_hello(&mut from)?;
    if told.send(Piece::Hello(journal)).is_err() {
        return Ok(());
    }
    if question.journal.is_some_and(|wanted| wanted != journal) {
        return Err(io::Error::other("it serves another journal now"));
    }
    question.ask.write(&mut &stream)?;
    loop {
        let answer = Answer::read(&mut from)?;
        let last = matches!(
            answer,
            Answer::End(_) | Answer::Roster(_) | Answer::Refused(_)
        );
        if told.send(Piece::Answer(answer)).is_err() || last {
            return Ok(());
        }
    }
}
