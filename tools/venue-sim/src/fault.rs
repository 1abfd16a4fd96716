//! Faults a test or a demo can order while the simulation runs.
//!
//! Faults on messages are counted down per message and every message they touch is recorded in
//! [`Truth::faults`](crate::Truth), so that "what was journaled" can be compared with "what was
//! sent" message by message. At most one fault touches one message: the oldest that matches.

use std::time::Duration;

use crate::config::Product;
use crate::reference::ReferenceChange;

/// Which messages, subscriptions or connections a fault concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The product.
    pub product: Product,
    /// A whole stream key, or one of its parts between `@` and `.`; `None` for any stream.
    ///
    /// Keys: Binance `btcusdt@depth@100ms`, Bybit `orderbook.50.BTCUSDT`, Kraken
    /// `book.10.BTC/USD`, `trade.BTC/USD`, `ticker.bbo.BTC/USD`. So `BTCUSDT` names all streams
    /// of a symbol and `depth` all depth streams.
    pub stream: Option<String>,
    /// One connection, by its number in [`Truth::lines`](crate::Truth); `None` for all alike.
    pub line: Option<u64>,
}

impl Target {
    /// Every stream and connection of a product.
    #[must_use]
    pub fn product(product: Product) -> Self {
        Self {
            product,
            stream: None,
            line: None,
        }
    }

    /// Narrows the target to a stream key, or to a part of keys.
    #[must_use]
    pub fn stream(mut self, stream: impl Into<String>) -> Self {
        self.stream = Some(stream.into());
        self
    }

    /// Narrows the target to one connection.
    #[must_use]
    pub fn line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    pub(crate) fn covers_stream(&self, key: &str) -> bool {
        match &self.stream {
            None => true,
            Some(name) => key == name || key.split(['@', '.']).any(|part| part == name),
        }
    }

    pub(crate) fn covers_line(&self, product: Product, line: u64) -> bool {
        self.product == product && self.line.is_none_or(|wanted| wanted == line)
    }
}

/// Something to go wrong, now or with the next messages.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The next `count` messages of the target are never sent: the client sees a skipped sequence.
    Drop {
        /// Whose messages.
        target: Target,
        /// How many.
        count: u64,
    },
    /// The next `count` messages of the target are sent twice.
    Duplicate {
        /// Whose messages.
        target: Target,
        /// How many.
        count: u64,
    },
    /// The next `count` messages of the target each change places with the message after them in
    /// the same stream. A message without successor is sent when the market halts.
    Reorder {
        /// Whose messages.
        target: Target,
        /// How many pairs.
        count: u64,
    },
    /// The next `count` Kraken book messages of the target carry a wrong `checksum`.
    WrongChecksum {
        /// Whose messages.
        target: Target,
        /// How many.
        count: u64,
    },
    /// Acknowledged but silent: matching subscriptions that exist deliver nothing any more, and
    /// new ones nothing at all, for `subscriptions` subscriptions in total.
    Silence {
        /// Whose subscriptions.
        target: Target,
        /// Subscriptions to silence; the ones that exist count as one. Later ones work again.
        subscriptions: u64,
    },
    /// The next `count` subscribe requests of the target are answered with the venue's error.
    RejectSubscribe {
        /// Whose requests.
        target: Target,
        /// How many.
        count: u64,
    },
    /// The next `count` requests on the target's connections get neither answer nor effect.
    Ignore {
        /// Whose requests; the stream is ignored.
        target: Target,
        /// How many.
        count: u64,
    },
    /// Ends the target's connections now.
    Close {
        /// Which connections; the stream is ignored.
        target: Target,
        /// In which way.
        ending: Ending,
    },
    /// The target's connections neither read nor write for a while: no pongs, no data, no close.
    Freeze {
        /// Which connections; the stream is ignored.
        target: Target,
        /// For how long.
        lasts: Duration,
    },
    /// Sends arbitrary bytes on the target's connections, in order with the other messages.
    Raw {
        /// Which connections: with a stream, those that subscribed to it.
        target: Target,
        /// The bytes and how they are framed.
        frame: RawFrame,
    },
    /// The next `count` REST requests are answered so. With a path that matches them, WebSocket
    /// handshakes are refused in the same way.
    Rest {
        /// Whose requests.
        product: Product,
        /// Text the path must contain, as `depth`; `None` for every request.
        path: Option<String>,
        /// The answer.
        answer: RestAnswer,
        /// How many.
        count: u64,
    },
    /// The next `count` REST book snapshots show the book as it is at this moment: a client that
    /// subscribes later gets a snapshot older than its first update. Binance and Bybit.
    StaleSnapshot {
        /// Whose snapshots.
        product: Product,
        /// Whose book, in payload spelling.
        symbol: String,
        /// How many.
        count: u64,
    },
    /// Bybit: a snapshot in mid-stream, with the update id that follows.
    Resnapshot {
        /// Which book streams.
        target: Target,
    },
    /// Bybit: the service restarts, a snapshot with `u` = 1 and counting on from there.
    Restart {
        /// Which book streams.
        target: Target,
    },
    /// Kraken: the `status` channel announces this system state, as `maintenance`.
    SystemStatus {
        /// Text of the field `system`.
        system: String,
    },
    /// Bybit: the topic `system.status` announces a maintenance window, or its next state.
    PlatformStatus {
        /// `scheduled`, `ongoing`, `completed` or `canceled`.
        state: String,
    },
    /// Binance Spot: the `serverShutdown` event, without any subscription.
    ServerShutdown,
    /// An instrument is listed, halted, resumed, delisted or gets another tick size.
    Reference {
        /// Whose instrument.
        product: Product,
        /// What happens to it.
        change: ReferenceChange,
    },
    /// Forgets every fault that has not come due and ends every silence.
    Heal,
}

/// How a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A close frame, after everything that was queued.
    Clean {
        /// WebSocket close code.
        code: u16,
        /// Reason text, below 124 bytes.
        reason: String,
    },
    /// TCP reset: nothing queued is sent any more.
    Reset,
    /// The socket is shut without a close frame.
    Cut,
    /// These bytes go on the socket outside any frame, then it is shut: a frame header without
    /// its body is a close in mid-message.
    CutAfter(Vec<u8>),
}

impl Ending {
    /// The first bytes of a 4 KiB text frame, then the end of the connection.
    #[must_use]
    pub fn mid_message() -> Self {
        Ending::CutAfter(vec![0x81, 126, 0x10, 0x00, b'{', b'"', b'e', b'"'])
    }
}

/// Arbitrary bytes in WebSocket frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawFrame {
    /// One text frame; the bytes need not be UTF-8 or JSON.
    Text(Vec<u8>),
    /// One binary frame.
    Binary(Vec<u8>),
    /// One text message in several fragments.
    Fragments(Vec<Vec<u8>>),
    /// Protocol ping frames with this payload, so many.
    PingFlood(Vec<u8>, u32),
}

/// A REST answer that is not the right one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestAnswer {
    /// An HTTP status with the venue's error body.
    Status {
        /// The status: 429, 418, 403, 500, ...
        code: u16,
        /// Seconds for `Retry-After`; `None` leaves the header out.
        retry_after: Option<u64>,
    },
    /// An HTML page over status 200, as a proxy in between sends it.
    Html,
    /// Status 200 with this body.
    Body(String),
    /// The right answer, made at once but sent so much later.
    Delay(Duration),
}
