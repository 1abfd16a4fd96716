//! What really happened: the true books, the tape, and what was sent on which connection.
//!
//! Every number is text in the venue's own formatting, so that it compares with wire text.

use crate::config::Product;

/// A snapshot of the truth. Taken after [`Sim::halt`](crate::Sim::halt) it is final.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// True state per generated instrument, in configuration order. A product that replays a
    /// capture has none: its truth is the file.
    pub instruments: Vec<InstrumentTruth>,
    /// Every connection so far, in the order of acceptance, up to the newest 10,000.
    pub lines: Vec<LineTruth>,
    /// Every message a fault touched, in order, up to the first 200,000.
    pub faults: Vec<FaultRecord>,
}

impl Truth {
    /// The instrument with this product and symbol.
    #[must_use]
    pub fn instrument(&self, product: Product, symbol: &str) -> Option<&InstrumentTruth> {
        self.instruments
            .iter()
            .find(|truth| truth.product == product && truth.symbol == symbol)
    }

    /// Messages of a stream written to sockets, over all connections of the product.
    #[must_use]
    pub fn sent(&self, product: Product, stream: &str) -> u64 {
        let lines = self.lines.iter().filter(|line| line.product == product);
        lines.map(|line| line.sent_of(stream)).sum()
    }

    /// Messages a fault kept from a stream: dropped or silenced.
    pub fn withheld<'a>(
        &'a self,
        product: Product,
        stream: &'a str,
    ) -> impl Iterator<Item = &'a FaultRecord> {
        self.faults.iter().filter(move |record| {
            record.product == product
                && record.stream == stream
                && matches!(record.touch, Touch::Dropped | Touch::Silenced)
        })
    }
}

/// Price and quantity texts, best first.
pub type LevelTexts = Vec<(String, String)>;

/// The true state of one instrument.
#[derive(Clone, Debug)]
pub struct InstrumentTruth {
    /// Its product.
    pub product: Product,
    /// Symbol in payload spelling.
    pub symbol: String,
    /// All bids, best first.
    pub bids: LevelTexts,
    /// All asks, best first.
    pub asks: LevelTexts,
    /// Binance: last update id of the book. Others: 0, see [`views`](Self::views).
    pub last_update_id: u64,
    /// What each book stream that was ever subscribed shows, as last published. Binance has none:
    /// its diff streams publish the whole book.
    pub views: Vec<ViewTruth>,
    /// Every trade, oldest first, up to the newest million.
    pub trades: Vec<TradeTruth>,
    /// Trades older than those.
    pub trades_lost: u64,
}

/// A truncated book as one stream publishes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewTruth {
    /// Stream key: `orderbook.50.BTCUSDT`, `book.10.BTC/USD`.
    pub stream: String,
    /// Bybit: last `u`. Kraken: number of messages published, snapshots aside.
    pub sequence: u64,
    /// Kraken: checksum of the view. Others: 0.
    pub checksum: u32,
    /// Bids, best first.
    pub bids: LevelTexts,
    /// Asks, best first.
    pub asks: LevelTexts,
    /// Bybit's `orderbook.rpi`: the quantity of RPI orders at each of the bids, beside the ordinary
    /// one in [`bids`](Self::bids). Others: empty.
    pub rpi_bids: LevelTexts,
    /// The same of the asks.
    pub rpi_asks: LevelTexts,
}

/// One trade as the venue publishes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeTruth {
    /// Trade id text: an integer or, on Bybit linear, a UUID.
    pub id: String,
    /// Number of the trade within its instrument, +1 each; the integer ids are made from it.
    pub number: u64,
    /// Number of the (taker order, price) pair: Binance's aggregate trade id.
    pub aggregate: u64,
    /// Price.
    pub px: String,
    /// Quantity.
    pub qty: String,
    /// Taker side in the venue's words: `BUY`/`SELL` for Binance (which sends it as the flag
    /// `m`), `Buy`/`Sell` for Bybit, `buy`/`sell` for Kraken.
    pub side: String,
    /// Match time, ns since the epoch; the venue prints it in ms or us.
    pub ts_ns: u64,
}

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineTruth {
    /// Number of the connection, from 1 in the order of acceptance over all products.
    pub line: u64,
    /// Its product.
    pub product: Product,
    /// Path and query it asked for.
    pub path: String,
    /// Streams it is subscribed to, sorted; as they were at the end for a closed connection.
    pub streams: Vec<String>,
    /// Messages written to the socket per stream, sorted by stream.
    pub sent: Vec<(String, u64)>,
    /// Client messages received, control frames included.
    pub received: u64,
    /// Why it ended; `None` while it is open.
    pub closed: Option<String>,
}

impl LineTruth {
    /// Messages of one stream written to this connection.
    #[must_use]
    pub fn sent_of(&self, stream: &str) -> u64 {
        self.sent
            .iter()
            .find(|(key, _)| key == stream)
            .map_or(0, |(_, count)| *count)
    }
}

/// One message that a fault touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRecord {
    /// What was done to it.
    pub touch: Touch,
    /// Product of the stream.
    pub product: Product,
    /// Stream key.
    pub stream: String,
    /// The connection concerned; `None` if all subscribers were.
    pub line: Option<u64>,
    /// First sequence of the message: `U`, trade id or number, `u`, message number.
    pub first: u64,
    /// Last sequence of the message.
    pub last: u64,
    /// The message as it would have been sent, in the form of the first subscriber.
    pub text: String,
}

/// What a fault did to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Not sent.
    Dropped,
    /// Not sent, because the subscription is silent.
    Silenced,
    /// Sent twice.
    Duplicated,
    /// Sent after its successor.
    Delayed,
    /// Sent with a wrong checksum.
    Corrupted,
    /// Sent with other content, or in no form that is allowed.
    Mutated,
}

impl Touch {
    /// Lower-case name, as the tape has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Touch::Dropped => "dropped",
            Touch::Silenced => "silenced",
            Touch::Duplicated => "duplicated",
            Touch::Delayed => "delayed",
            Touch::Corrupted => "corrupted",
            Touch::Mutated => "mutated",
        }
    }
}
