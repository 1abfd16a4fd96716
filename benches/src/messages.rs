//! Messages as the venues send them, with values that vary: symbols by Zipf's law, prices that walk,
//! whole parts of 1 to 10 digits, three deletions in ten levels. Seeded: the same on every machine.

#[path = "messages/class.rs"]
mod class;
#[path = "messages/rarer.rs"]
mod rarer;

use std::fmt::Write as _;

use feedd_codecs::VenueId;
use feedd_codecs::instrument::{Admission, Instruments, Listing, Terms};

pub use class::Class;

/// A small generator of numbers (xorshift64*).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Seeded.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed ^ 0x9E37_79B9_7F4A_7C15)
    }

    /// A number below `bound`, which must not be 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}

const SYMBOLS: usize = 40;

struct Market {
    symbol: String,
    /// In ticks.
    px: u64,
    px_places: usize,
    qty_places: usize,
    seq: u64,
}

/// Generates messages of one class.
pub struct Generator {
    class: Class,
    dice: Dice,
    markets: Vec<Market>,
    millis: u64,
    /// Cumulated weights of the symbols.
    zipf: Vec<u64>,
}

impl std::fmt::Debug for Generator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generator")
            .field("class", &self.class)
            .finish_non_exhaustive()
    }
}

impl Generator {
    /// A generator of `class`.
    #[must_use]
    pub fn new(class: Class) -> Self {
        let mut dice = Dice::new(7);
        let market = |at: usize| {
            let digits = 1 + at as u32 % 10;
            let px_places = [2, 4, 1, 5, 3][at % 5];
            let ticks = 10_u64.pow(digits.min(9)) + dice.below(10_u64.pow(digits.min(9)) * 8);
            Market {
                symbol: symbol(class.venue(), at),
                px: ticks * 10_u64.pow(px_places as u32),
                px_places,
                qty_places: [3, 5, 8, 1, 2][at / 5 % 5],
                seq: 30_000_000_000 + dice.below(9_000_000_000),
            }
        };
        let markets = (0..SYMBOLS).map(market).collect();
        let weights = (1..=SYMBOLS as u64).scan(0, |sum, rank| {
            *sum += 1_000_000 / rank;
            Some(*sum)
        });
        Self {
            class,
            markets,
            millis: 1_790_358_506_000,
            zipf: weights.collect(),
            dice: Dice::new(11),
        }
    }

    /// The instruments as their reference data would declare them.
    #[must_use]
    pub fn instruments(&self) -> Instruments {
        let mut instruments = Instruments::new(self.class.venue(), Admission::Named);
        for market in &self.markets {
            let Ok(id) = instruments.add(&market.symbol) else {
                continue;
            };
            instruments.get_mut(id).declare(&Listing {
                symbol: market.symbol.as_str().into(),
                base: "A".into(),
                quote: "B".into(),
                settle: "".into(),
                px_exp: -(market.px_places as i8),
                qty_exp: -(market.qty_places as i8),
                terms: Terms::UNKNOWN,
            });
        }
        instruments
    }

    /// Messages of at least `bytes` in all.
    #[must_use]
    pub fn messages(&mut self, bytes: usize) -> Vec<String> {
        let mut messages = Vec::new();
        let mut sum = 0;
        while sum < bytes {
            let message = self.message();
            sum += message.len();
            messages.push(message);
        }
        messages
    }

    /// The next message.
    pub fn message(&mut self) -> String {
        self.millis += self.dice.below(40);
        let top = self.zipf.last().copied().unwrap_or(1);
        let ticket = self.dice.below(top);
        let at = self.zipf.partition_point(|sum| *sum <= ticket);
        let (class, millis) = (self.class, self.millis);
        let (market, dice) = (&mut self.markets[at], &mut self.dice);
        market.px = (market.px + dice.below(21)).saturating_sub(10).max(1_000);
        market.seq += 1 + dice.below(50);
        match class {
            Class::BookTicker => book_ticker(market, dice),
            Class::Trade => trade(market, dice, millis),
            Class::Depth20 => depth(market, dice, millis, 20),
            Class::Depth175 => {
                let levels = 150 + dice.below(50);
                depth(market, dice, millis, levels)
            }
            Class::BybitTrade => bybit_trades(market, dice, millis, 1),
            Class::BybitTrades => bybit_trades(market, dice, millis, 5),
            Class::BybitDelta => bybit_book(market, dice, millis, "delta", 5),
            Class::BybitSnapshot => bybit_book(market, dice, millis, "snapshot", 50),
            Class::BybitRpi => rarer::bybit_rpi(market, dice, millis),
            Class::KrakenTrade => kraken_trade(market, dice, millis),
            Class::KrakenBook => kraken_book(market, dice, millis),
            Class::FuturesTicker => rarer::futures_ticker(market, dice, millis),
            Class::FuturesTickerLite => rarer::futures_ticker_lite(market, dice),
        }
    }
}

fn symbol(venue: VenueId, at: usize) -> String {
    const BASES: [&str; 10] = [
        "BTC", "ETH", "SOL", "XRP", "DOGE", "1000PEPE", "ADA", "LINK", "AVAX", "W",
    ];
    const QUOTES: [&str; 4] = ["USDT", "USDC", "EUR", "BTC"];
    let (kind, slash) = match venue {
        VenueId::KRAKEN_SPOT => ("", "/"),
        VenueId::KRAKEN_FUTURES => ("PF_", ""),
        _ => ("", ""),
    };
    format!("{kind}{}{slash}{}", BASES[at % 10], QUOTES[at / 10 % 4])
}

/// `value` with `places` digits behind the point, `padded` with zeros to so many.
fn decimal(value: u64, places: usize, padded: usize) -> String {
    let unit = 10_u64.pow(places as u32);
    let (whole, fraction) = (value / unit, value % unit);
    if padded == 0 {
        return whole.to_string();
    }
    format!(
        "{whole}.{fraction:0places$}{:0<zeros$}",
        "",
        zeros = padded - places
    )
}

impl Market {
    fn px(&self, offset: i64, padded: usize) -> String {
        let px = self.px.saturating_add_signed(offset).max(1);
        decimal(px, self.px_places, padded.max(self.px_places))
    }

    fn qty(&self, dice: &mut Dice, padded: usize) -> String {
        let whole = 10_u64.pow(dice.below(5) as u32);
        let range = whole * 10_u64.pow(self.qty_places as u32);
        decimal(
            1 + dice.below(range),
            self.qty_places,
            padded.max(self.qty_places),
        )
    }

    fn levels(&self, dice: &mut Dice, count: u64, side: i64, padded: usize, zero: &str) -> String {
        let mut text = String::new();
        for at in 0..count {
            let px = self.px(side * (at as i64 * 3 + 1), padded);
            let qty = match dice.below(10) {
                0..3 => zero.to_owned(),
                _ => self.qty(dice, padded),
            };
            let comma = if at == 0 { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = write!(text, r#"{comma}["{px}","{qty}"]"#);
        }
        text
    }
}

fn combined(market: &Market, stream: &str, data: &str) -> String {
    let lower = market.symbol.to_lowercase();
    format!(r#"{{"stream":"{lower}@{stream}","data":{data}}}"#)
}

fn book_ticker(market: &Market, dice: &mut Dice) -> String {
    let data = format!(
        r#"{{"u":{},"s":"{}","b":"{}","B":"{}","a":"{}","A":"{}"}}"#,
        market.seq,
        market.symbol,
        market.px(0, 8),
        market.qty(dice, 8),
        market.px(1, 8),
        market.qty(dice, 8)
    );
    combined(market, "bookTicker", &data)
}

fn trade(market: &Market, dice: &mut Dice, millis: u64) -> String {
    let data = format!(
        r#"{{"e":"trade","E":{},"s":"{}","t":{},"p":"{}","q":"{}","T":{millis},"m":{},"M":true}}"#,
        millis + dice.below(3),
        market.symbol,
        market.seq / 7,
        market.px(0, 8),
        market.qty(dice, 8),
        dice.below(2) == 0
    );
    combined(market, "trade", &data)
}

fn depth(market: &Market, dice: &mut Dice, millis: u64, levels: u64) -> String {
    let data = format!(
        r#"{{"e":"depthUpdate","E":{millis},"s":"{}","U":{},"u":{},"b":[{}],"a":[{}]}}"#,
        market.symbol,
        market.seq - 9,
        market.seq,
        market.levels(dice, levels / 2, -1, 8, "0.00000000"),
        market.levels(dice, levels - levels / 2, 1, 8, "0.00000000")
    );
    combined(market, "depth@100ms", &data)
}

fn uuid(dice: &mut Dice) -> String {
    let mut part = |bits: u32| dice.below(1 << bits);
    let (a, b, c, d) = (part(28), part(16), part(12), part(12));
    let (e, f) = (part(24), part(24));
    format!("{a:08x}-{b:04x}-5{c:03x}-9{d:03x}-{e:06x}{f:06x}")
}

fn bybit_trades(market: &Market, dice: &mut Dice, millis: u64, count: u64) -> String {
    const TICKS: [&str; 4] = ["PlusTick", "ZeroPlusTick", "MinusTick", "ZeroMinusTick"];
    let mut data = String::new();
    for at in 0..count {
        let comma = if at == 0 { "" } else { "," };
        let side = if dice.below(2) == 0 { "Buy" } else { "Sell" };
        let _ = write!(
            data,
            r#"{comma}{{"T":{},"s":"{}","S":"{side}","v":"{}","p":"{}","L":"{}","i":"{}","BT":false,"RPI":false,"seq":{}}}"#,
            millis - 3,
            market.symbol,
            market.qty(dice, 0),
            market.px(at as i64, 0),
            TICKS[dice.below(4) as usize],
            uuid(dice),
            market.seq * 13
        );
    }
    format!(
        r#"{{"topic":"publicTrade.{}","type":"snapshot","ts":{millis},"data":[{data}]}}"#,
        market.symbol
    )
}

fn bybit_book(market: &Market, dice: &mut Dice, millis: u64, kind: &str, levels: u64) -> String {
    format!(
        r#"{{"topic":"orderbook.50.{0}","type":"{kind}","ts":{millis},"data":{{"s":"{0}","b":[{1}],"a":[{2}],"u":{3},"seq":{4}}},"cts":{5}}}"#,
        market.symbol,
        market.levels(dice, levels, -1, 0, "0"),
        market.levels(dice, levels, 1, 0, "0"),
        market.seq / 1000,
        market.seq * 17,
        millis - 3
    )
}

fn stamp(dice: &mut Dice, millis: u64) -> String {
    let seconds = millis / 1000 % 86_400;
    format!(
        "2026-09-25T{:02}:{:02}:{:02}.{:03}{:03}Z",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60,
        millis % 1000,
        dice.below(1000)
    )
}

fn kraken_trade(market: &Market, dice: &mut Dice, millis: u64) -> String {
    format!(
        r#"{{"channel":"trade","type":"update","data":[{{"symbol":"{}","side":"{}","price":{},"qty":{},"ord_type":"{}","trade_id":{},"timestamp":"{}"}}]}}"#,
        market.symbol,
        if dice.below(2) == 0 { "buy" } else { "sell" },
        market.px(0, 0),
        market.qty(dice, 8),
        if dice.below(2) == 0 {
            "limit"
        } else {
            "market"
        },
        market.seq / 300,
        stamp(dice, millis)
    )
}

fn kraken_book(market: &Market, dice: &mut Dice, millis: u64) -> String {
    let mut side = |count: u64, sign: i64| {
        let mut text = String::new();
        for at in 0..count {
            let qty = match dice.below(10) {
                0..3 => "0.00000000".to_owned(),
                _ => market.qty(dice, 8),
            };
            let comma = if at == 0 { "" } else { "," };
            let px = market.px(sign * (at as i64 * 2 + 1), 0);
            let _ = write!(text, r#"{comma}{{"price":{px},"qty":{qty}}}"#);
        }
        text
    };
    let (bids, asks) = (side(1, -1), side(2, 1));
    let checksum = dice.below(1 << 31);
    format!(
        r#"{{"channel":"book","type":"update","data":[{{"symbol":"{}","bids":[{bids}],"asks":[{asks}],"checksum":{checksum},"timestamp":"{}"}}]}}"#,
        market.symbol,
        stamp(dice, millis)
    )
}
