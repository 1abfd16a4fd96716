//! One cell of the matrix: a venue, a transport and a load, measured for one party after the other.

use std::path::PathBuf;
use std::time::Duration;

use super::Error;
use super::certificate::Tls;
use super::cores::Cores;
use super::exchange::{self, Order, Sent};
use super::rival::Rival;
use super::schedule::Load;
use super::summary::Outcome;
use super::traffic::{self, Channels, Market, Recorded, Source};
use super::{feedd, raw, rival};

/// After so long without anything new, what has not come is lost.
pub const GIVE_UP: Duration = Duration::from_secs(3);
/// Seed of generated traffic: every party gets the same.
const SEED: u64 = 20;

/// Who receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Party {
    /// The limit: a hand parser on a spinning socket, nothing else.
    Raw,
    /// feedd with a reader that waits so: `spin` or `park` as `feed.poll` says, or `carried`: spinning,
    /// with the journal's work (`threads.journal_poll = "reader"`).
    Feedd {
        /// How it waits.
        poll: &'static str,
    },
    /// A program of others.
    Rival(Rival),
}

impl Party {
    /// The name in tables and files.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Raw => "raw".to_owned(),
            Self::Feedd { poll } => format!("feedd-{poll}"),
            Self::Rival(rival) => rival.kind.name().to_owned(),
        }
    }
}

/// What all parties of a cell share.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The venue.
    pub market: Market,
    /// What the line carries.
    pub channels: Channels,
    /// TLS, or plain.
    pub tls: Option<Tls>,
    /// When messages leave.
    pub load: Load,
    /// For how long.
    pub duration: Duration,
    /// Who runs where.
    pub cores: Cores,
    /// Recorded traffic with its symbol instead of generated traffic.
    pub recorded: Option<(Recorded, String)>,
    /// Where journals may be written; they are removed.
    pub scratch: PathBuf,
}

impl Setting {
    /// `tls` or `plain`.
    #[must_use]
    pub const fn transport(&self) -> &'static str {
        if self.tls.is_some() { "tls" } else { "plain" }
    }

    /// Messages of the run.
    #[must_use]
    pub fn messages(&self) -> u64 {
        let planned = self.load.messages(self.duration);
        let recorded = self
            .recorded
            .as_ref()
            .map(|(frames, _)| frames.len() as u64);
        recorded.map_or(planned, |recorded| recorded.min(planned))
    }

    /// The WebSocket address of an exchange.
    #[must_use]
    pub fn url(&self, address: std::net::SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        format!("{scheme}://{address}")
    }

    /// Symbols to subscribe to.
    #[must_use]
    pub fn symbols(&self) -> Vec<String> {
        match &self.recorded {
            Some((_, symbol)) => vec![symbol.clone()],
            None => self
                .market
                .instruments()
                .into_iter()
                .map(|known| known.symbol)
                .collect(),
        }
    }

    fn source(&self) -> Box<dyn Source> {
        match &self.recorded {
            Some((frames, _)) => Box::new(frames.clone()),
            None => traffic::generated(self.market, self.channels, SEED),
        }
    }

    /// Opens the exchange of one run.
    ///
    /// # Errors
    ///
    /// As [`exchange::open`].
    pub fn exchange(&self) -> Result<Running, Error> {
        let order = Order {
            market: self.market,
            source: self.source(),
            load: self.load,
            messages: self.messages(),
            core: self.cores.sender,
        };
        let (address, thread) = exchange::open(order, self.tls.clone())?;
        Ok(Running { address, thread })
    }
}

/// An exchange that waits for its client or sends.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: std::net::SocketAddr,
    thread: std::thread::JoinHandle<Result<Sent, Error>>,
}

impl Running {
    /// Waits until everything is sent.
    ///
    /// # Errors
    ///
    /// What stopped the sender.
    pub fn sent(self) -> Result<Sent, Error> {
        let ended = self.thread.join();
        ended.map_err(|_| Error::Other("the exchange's thread panicked".to_owned()))?
    }
}

/// Measures one party.
///
/// # Errors
///
/// What kept it from being measured; loss is no error but a result.
pub fn measure(setting: &Setting, party: &Party) -> Result<Outcome, Error> {
    match party {
        Party::Raw => raw::measure(setting),
        Party::Feedd { poll } => feedd::measure(setting, poll),
        Party::Rival(rival) => rival::measure(setting, rival),
    }
}
