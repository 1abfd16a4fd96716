//! Faults a test or a demo can order while the simulation runs.
//!
//! Faults on messages are counted down per message and every message they touch is recorded in
//! [`Truth::faults`](crate::Truth), so that "what was journaled" can be compared with "what was
//! sent" message by message. At most one fault touches one message: the oldest that matches.

mod mutation;
mod target;

use std::time::Duration;

use crate::config::Product;
use crate::reference::ReferenceChange;
pub use mutation::Mutation;
pub(crate) use mutation::{Debt, shift_stamps};
pub use target::Target;

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
    /// For a while each message is lost with this probability, on every connection by its own dice.
    Loss {
        /// Whose messages.
        target: Target,
        /// Probability in parts per million, up to 1,000,000.
        ppm: u32,
        /// For how long.
        lasts: Duration,
        /// Seed of the dice.
        seed: u64,
    },
    /// For a while each message is sent twice with this probability, on every connection by its
    /// own dice.
    Resend {
        /// Whose messages.
        target: Target,
        /// Probability in parts per million, up to 1,000,000.
        ppm: u32,
        /// For how long.
        lasts: Duration,
        /// Seed of the dice.
        seed: u64,
    },
    /// `count` times, `within` consecutive messages of a stream of the target come in another
    /// order. Messages that wait when the market halts are sent then.
    Shuffle {
        /// Whose messages.
        target: Target,
        /// How many messages change places, 2 to 64.
        within: usize,
        /// How many groups.
        count: u64,
        /// Seed of the order.
        seed: u64,
    },
    /// The next `count` messages of the target are changed so.
    Mutate {
        /// Whose messages.
        target: Target,
        /// What is changed.
        mutation: Mutation,
        /// How many.
        count: u64,
        /// Seed of what the mutation leaves open.
        seed: u64,
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
    /// The next `count` answers to requests on the target's connections are lost; the requests
    /// take effect.
    LoseAck {
        /// Whose answers; the stream is ignored.
        target: Target,
        /// How many.
        count: u64,
    },
    /// Of the next `count` subscriptions of the target every second one is acknowledged but never
    /// served.
    HalfSubscribe {
        /// Whose subscriptions.
        target: Target,
        /// How many, served and not served together.
        count: u64,
    },
    /// What is written on the target's connections arrives so much later, for a while.
    Delay {
        /// Which connections; the stream is ignored.
        target: Target,
        /// How much later.
        by: Duration,
        /// For how long.
        lasts: Duration,
    },
    /// What is written on the target's connections waits, for a while, then comes in one burst.
    Clog {
        /// Which connections; the stream is ignored.
        target: Target,
        /// For how long.
        lasts: Duration,
    },
    /// The target's connections get their frames in pieces, for a while.
    Trickle {
        /// Which connections; the stream is ignored.
        target: Target,
        /// Bytes a second, at least 1.
        bytes_per_second: u32,
        /// For how long.
        lasts: Duration,
    },
    /// The lifetime of the target's connections is over: the venue says goodbye as it does after
    /// 24 h, then closes.
    Expire {
        /// Which connections; the stream is ignored.
        target: Target,
    },
    /// For a while the venue's clock is wrong: every stamp on WebSocket and the answer to requests
    /// for the time.
    ClockJump {
        /// Whose clock.
        product: Product,
        /// Milliseconds ahead of the right time; behind if negative. Up to a day.
        by_ms: i64,
        /// For how long.
        lasts: Duration,
    },
    /// For a while the true book has a bid at (`ticks` = 0) or above the best ask.
    Cross {
        /// Whose book.
        product: Product,
        /// Whose book, in payload spelling.
        symbol: String,
        /// Ticks above the best ask; 0 locks the book.
        ticks: u16,
        /// For how long.
        lasts: Duration,
    },
    /// One taker order matches so many resting orders at the best price, at once.
    TradeBurst {
        /// Whose market.
        product: Product,
        /// In payload spelling.
        symbol: String,
        /// 1 to 10,000.
        trades: u16,
    },
    /// The venue numbers the updates of a book from 1 again.
    SequenceReset {
        /// Whose book.
        product: Product,
        /// Whose book, in payload spelling.
        symbol: String,
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
    /// Bybit: `system.status` announces a maintenance window, or its next state.
    PlatformStatus {
        /// On whose address.
        product: Product,
        /// `scheduled`, `ongoing`, `completed`, `canceled`.
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
    /// Forgets every fault that has not come due and ends every fault that lasts.
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
    /// TCP reset after so many more bytes, wherever in a frame that is.
    ResetAfter(u64),
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
    /// A text frame that claims to be compressed (RSV1), which nobody negotiated.
    Compressed(Vec<u8>),
    /// A text frame with a mask, which only clients may send.
    Masked(Vec<u8>),
    /// A continuation of nothing.
    OrphanContinuation(Vec<u8>),
    /// The first fragment of a text, then another text before it is complete.
    Interrupted(Vec<u8>, Vec<u8>),
    /// A ping in two fragments, which control frames must not be.
    FragmentedPing(Vec<u8>),
    /// A text frame with an opcode that is reserved.
    ReservedOpcode(Vec<u8>),
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
    /// The right answer up to this byte.
    Truncated(usize),
}
