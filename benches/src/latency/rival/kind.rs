//! The rivals that there are, and what each of them can take.

use crate::latency::cell::Setting;
use crate::latency::traffic::{Channels, Market};

/// A rival's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// tokio-tungstenite and `serde_json`, as a user would write it first.
    TungsteniteSerde,
    /// barter-data 0.13.
    BarterData,
    /// cryptofeed 2.4.1.
    Cryptofeed,
}

/// A recording's Bybit trades come several to a message.
const RECORDED: &str = "counts events, of which a recorded message may hold several";

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::TungsteniteSerde, Self::BarterData, Self::Cryptofeed];

    /// The name in options, tables and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TungsteniteSerde => "tungstenite-serde",
            Self::BarterData => "barter-data",
            Self::Cryptofeed => "cryptofeed",
        }
    }

    /// The program in the rivals' directory.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::BarterData => "barter-line",
            _ => self.name(),
        }
    }

    /// The command that makes the program.
    #[must_use]
    pub const fn build(self) -> &'static str {
        match self {
            Self::Cryptofeed => "benches/rivals/cryptofeed/install",
            _ => "cargo build --release --manifest-path benches/rivals/Cargo.toml",
        }
    }

    /// Why this rival cannot take a cell.
    #[must_use]
    pub fn refusal(self, setting: &Setting) -> Option<&'static str> {
        match self {
            Self::TungsteniteSerde => None,
            _ if setting.recorded.is_some() => Some(RECORDED),
            Self::BarterData => barter(setting),
            Self::Cryptofeed => cryptofeed(setting),
        }
    }

    /// What follows the exchange's address.
    #[must_use]
    pub const fn path(self, market: Market) -> &'static str {
        match (self, market) {
            (Self::BarterData, Market::Binance) => "/ws",
            // It appends path and streams.
            (Self::Cryptofeed, Market::Binance) => "",
            _ => market.path(),
        }
    }

    /// Whether it counts events rather than text messages.
    #[must_use]
    pub const fn counts_events(self) -> bool {
        !matches!(self, Self::TungsteniteSerde)
    }
}

fn barter(setting: &Setting) -> Option<&'static str> {
    match (setting.market, setting.channels) {
        (Market::Kraken, _) => Some("speaks version 1 of Kraken's API, this line version 2"),
        (_, Channels::Mixed) => Some("opens a line for each channel, this line has two"),
        _ => None,
    }
}

fn cryptofeed(setting: &Setting) -> Option<&'static str> {
    match (setting.market, setting.channels) {
        (Market::Kraken, _) => Some("speaks version 1 of Kraken's API, this line version 2"),
        (Market::Binance, Channels::Mixed | Channels::Trade) => {
            Some("reads aggTrade, this line has trade")
        }
        _ if setting.tls.is_none() => Some("opens wss:// only"),
        _ => None,
    }
}
