//! What the exchange sends: messages that obey each venue's sequence rules, or recorded ones.
//!
//! Generated traffic is trades, or the venue's fastest view of the book (Binance best prices, Bybit
//! deltas of `orderbook.50`, Kraken updates of a book of 10 with true checksums), or both in turns.

mod binance;
mod bybit;
mod channels;
mod kraken;
mod recorded;

use venue_sim::{InstrumentConfig, Product, SimConfig};

pub use channels::Channels;
pub use recorded::Recorded;

use crate::messages::Dice;

/// A venue whose line is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Market {
    /// Binance spot: `trade` and `bookTicker`.
    Binance,
    /// Bybit linear: `publicTrade` and `orderbook.50`.
    Bybit,
    /// Kraken spot: `trade` and `book` with checksums.
    Kraken,
}

impl Market {
    /// Every venue.
    pub const ALL: [Self; 3] = [Self::Binance, Self::Bybit, Self::Kraken];

    /// The venue's name in configurations and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binance => "binance",
            Self::Bybit => "bybit",
            Self::Kraken => "kraken",
        }
    }

    /// The product's name in configurations.
    #[must_use]
    pub const fn product(self) -> &'static str {
        match self {
            Self::Bybit => "linear",
            _ => "spot",
        }
    }

    /// The simulated product that answers REST.
    #[must_use]
    pub const fn simulated(self) -> Product {
        match self {
            Self::Binance => Product::BinanceSpot,
            Self::Bybit => Product::BybitLinear,
            Self::Kraken => Product::KrakenSpot,
        }
    }

    /// Levels a side of the book channel; 0 = there is none.
    #[must_use]
    pub const fn book_depth(self) -> u16 {
        match self {
            Self::Binance => 0,
            Self::Bybit => 50,
            Self::Kraken => 10,
        }
    }

    /// The path of the line.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Binance => "/stream",
            Self::Bybit => "/v5/public/linear",
            Self::Kraken => "/v2",
        }
    }

    /// The instruments of the simulation.
    #[must_use]
    pub fn instruments(self) -> Vec<InstrumentConfig> {
        SimConfig::default().instruments(self.simulated())
    }

    /// What a client sends to subscribe to all of a line, for clients that do not know the venue.
    #[must_use]
    pub fn subscription(self, channels: Channels) -> String {
        let symbols: Vec<String> = self.instruments().into_iter().map(|i| i.symbol).collect();
        match self {
            Self::Binance => binance::subscription(&symbols, channels),
            Self::Bybit => bybit::subscription(&symbols, channels),
            Self::Kraken => kraken::subscription(&symbols),
        }
    }

    /// A message as it goes over a line that was opened on `path`: Binance wraps what it sends on
    /// `/stream` and nothing of what it sends on `/ws`.
    #[must_use]
    pub fn on_path<'t>(self, path: &str, text: &'t str) -> &'t str {
        match self {
            Self::Binance if path.starts_with("/ws") => binance::bare(text),
            _ => text,
        }
    }

    /// The answers to a client's text, and the books that follow them.
    #[must_use]
    pub fn answers(self, request: &str) -> Vec<String> {
        match self {
            Self::Binance => binance::answers(request),
            Self::Bybit => bybit::answers(request),
            Self::Kraken => kraken::answers(request),
        }
    }
}

/// Where messages come from.
pub trait Source: Send {
    /// What goes before the measured messages, once the client has subscribed.
    fn opening(&mut self) -> Vec<String>;
    /// Appends the next message to `text`; false at the end of a recording.
    fn next(&mut self, text: &mut String) -> bool;
}

/// Generated traffic of `market`, the same for each `seed`.
#[must_use]
pub fn generated(market: Market, channels: Channels, seed: u64) -> Box<dyn Source> {
    let turns = Turns::new(market, channels, seed);
    match market {
        Market::Binance => Box::new(binance::Traffic::new(turns)),
        Market::Bybit => Box::new(bybit::Traffic::new(turns)),
        Market::Kraken => Box::new(kraken::Traffic::new(turns)),
    }
}

/// One instrument's numbers while its traffic is generated.
#[derive(Clone, Debug)]
struct State {
    config: InstrumentConfig,
    /// In units of the last digit.
    px: i64,
    /// Trades so far.
    trades: u64,
    /// Book updates so far.
    updates: u64,
}

impl State {
    fn all(market: Market) -> Vec<Self> {
        let state = |config: InstrumentConfig| Self {
            px: config.px_start,
            config,
            trades: 0,
            updates: 0,
        };
        market.instruments().into_iter().map(state).collect()
    }

    /// A step of the random walk.
    fn walk(&mut self, dice: &mut Dice) {
        let steps = i64::try_from(dice.below(21)).unwrap_or(0) - 10;
        let (tick, start) = (self.config.tick, self.config.px_start);
        self.px = (self.px + steps * tick).clamp(start - 1_000 * tick, start + 1_000 * tick);
    }

    fn px(&self, ticks: i64) -> String {
        decimal(self.px + ticks * self.config.tick, self.config.px_digits)
    }

    fn qty(&self, dice: &mut Dice) -> String {
        let lots = i64::try_from(1 + dice.below(5_000)).unwrap_or(1);
        decimal(lots * self.config.lot, self.config.qty_digits)
    }
}

/// The instruments of a market, which take turns: of each a trade, then its book, as far as the line
/// carries them.
struct Turns {
    states: Vec<State>,
    channels: Channels,
    dice: Dice,
    count: usize,
}

/// Whose turn it is.
struct Turn<'t> {
    /// The instrument's place.
    at: usize,
    state: &'t mut State,
    dice: &'t mut Dice,
    /// Whether it is a trade's.
    trade: bool,
}

impl Turns {
    fn new(market: Market, channels: Channels, seed: u64) -> Self {
        Self {
            states: State::all(market),
            channels,
            dice: Dice::new(seed),
            count: 0,
        }
    }

    /// The next turn; the price has walked, and what comes is counted.
    fn next(&mut self) -> Turn<'_> {
        self.count += 1;
        let (turn, trade) = self.channels.turn(self.count);
        let at = turn % self.states.len();
        let (state, dice) = (&mut self.states[at], &mut self.dice);
        state.walk(dice);
        state.trades += u64::from(trade);
        state.updates += u64::from(!trade);
        Turn {
            at,
            state,
            dice,
            trade,
        }
    }
}

/// `value` with `digits` behind the point.
fn decimal(value: i64, digits: u8) -> String {
    let unit = 10_i64.pow(u32::from(digits));
    match digits {
        0 => value.to_string(),
        _ => {
            let width = usize::from(digits);
            format!("{}.{:0width$}", value / unit, value % unit)
        }
    }
}

/// The text behind `key` up to the next of `ends`: requests are read no further than that.
fn behind<'t>(text: &'t str, key: &str, ends: &[char]) -> Option<&'t str> {
    let from = text.find(key)? + key.len();
    let rest = text.get(from..)?;
    Some(rest.split(ends).next().unwrap_or(rest).trim())
}

/// The quoted strings of the list behind `key`.
fn strings<'t>(text: &'t str, key: &str) -> Vec<&'t str> {
    let list = behind(text, key, &[']']).unwrap_or_default();
    list.split('"').skip(1).step_by(2).collect()
}

/// Milliseconds since the epoch.
fn millis() -> i64 {
    ::feedd::clock::wall() / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_zeros_behind_the_point() {
        assert_eq!(decimal(12_305, 4), "1.2305");
        assert_eq!(decimal(5, 8), "0.00000005");
        assert_eq!(decimal(5, 0), "5");
    }

    #[test]
    fn binance_wraps_messages_on_stream_and_not_on_ws() {
        let wrapped = r#"{"stream":"btcusdt@trade","data":{"e":"trade","p":"1.5"}}"#;
        let bare = r#"{"e":"trade","p":"1.5"}"#;
        let on_path = |market: Market, path| market.on_path(path, wrapped).to_owned();
        assert_eq!(on_path(Market::Binance, "/ws"), bare);
        assert_eq!(on_path(Market::Binance, "/stream"), wrapped);
        assert_eq!(on_path(Market::Bybit, "/ws"), wrapped);
    }

    #[test]
    fn a_line_of_one_channel_carries_no_other() {
        for market in Market::ALL {
            for (channels, trades) in [
                (Channels::Mixed, 50),
                (Channels::Trade, 100),
                (Channels::Book, 0),
            ] {
                let mut source = generated(market, channels, 1);
                let marks = Channels::Trade.marks(market);
                let is_trade = |text: &String| text.contains(marks[0]);
                let sent: Vec<String> = (0..100)
                    .map(|_| {
                        let mut text = String::new();
                        assert!(source.next(&mut text));
                        text
                    })
                    .collect();
                let counted = sent.iter().filter(|text| is_trade(text)).count();
                assert_eq!(counted, trades, "{market:?} {channels:?}");
            }
        }
    }

    #[test]
    fn requests_are_read_by_key() {
        let request = r#"{"method":"SUBSCRIBE","params":["a@trade","b@trade"],"id":17}"#;
        assert_eq!(behind(request, "\"id\":", &[',', '}']), Some("17"));
        assert_eq!(strings(request, "\"params\":["), ["a@trade", "b@trade"]);
        assert_eq!(strings(request, "\"args\":["), [""; 0]);
    }
}
