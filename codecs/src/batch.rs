//! What one frame said, before it meets the state of the feed.
//!
//! A venue's decoder is a pure function from bytes to a [`Batch`]. The batch is complete or not
//! filled at all, so a rejected frame leaves no trace; its vectors are reused, so decoding
//! allocates nothing after warm-up.

use std::ops::Range;

use crate::instrument::{InstrumentId, Listing};
use crate::record::{
    Bbo, BookHead, Candle, Conditions, Figure, Level, Liquidation, Order, OrdersHead, TickerHead,
    Trade,
};
use crate::venue::levels::Sides;
use crate::venue::{Channel, StreamKey};

/// Most unknown field names that are told apart; later ones are counted together.
const UNKNOWN_NAMES_MAX: usize = 256;

/// Most bytes of an unknown name or value that are kept: the venues' longest have about 40.
const NAME_BYTES_MAX: usize = 64;

/// One thing a frame said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A trade.
    Trade(Trade),
    /// A best bid and offer.
    Bbo(Bbo),
    /// A book delta or snapshot; the ranges are into [`Batch::levels`].
    Book {
        /// Fixed part; its kind says whether it is a delta or a snapshot.
        head: BookHead,
        /// Bid levels.
        bids: Range<usize>,
        /// Ask levels.
        asks: Range<usize>,
    },
    /// Statistics; the range is into [`Batch::figures`].
    Ticker {
        /// Fixed part.
        head: TickerHead,
        /// Figures, sorted by name.
        figures: Range<usize>,
        /// Whether they change the state before (figures that are not here stay) or are all of it.
        change: bool,
    },
    /// A candle.
    Candle(Candle),
    /// A liquidation.
    Liquidation(Liquidation),
    /// An order-level delta or snapshot; the ranges are into [`Batch::orders`].
    Orders {
        /// Fixed part; its kind says whether it is a delta or a snapshot.
        head: OrdersHead,
        /// Bid orders.
        bids: Range<usize>,
        /// Ask orders.
        asks: Range<usize>,
    },
    /// Reference data of one instrument.
    Listing(Listing),
    /// An answer or a sign of life.
    Control(Control),
}

/// Messages that carry no market data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// An answer to a subscription.
    Answer {
        /// The request it answers, if the venue echoes our number.
        request: Option<u64>,
        /// The one stream it is about, if the venue answers stream by stream; with
        /// [`Channel::NONE`] where the venue names the instrument only.
        stream: Option<StreamKey>,
        /// Nothing, or the venue's reason for refusing.
        refused: Option<Box<str>>,
    },
    /// An answer to our ping, or the venue's heartbeat.
    Heartbeat,
    /// The venue tells its own state, in its own word.
    VenueState(Box<str>),
    /// The venue is about to close this connection: another should be open before.
    Shutdown,
    /// The venue's reference data changed: it should be asked for anew.
    Relisted,
    /// The venue does not list this symbol any more.
    Delisted(Box<str>),
    /// A valid message of a channel that this feed does not carry.
    Ignored,
}

/// What one frame said; reused from frame to frame.
#[derive(Debug, Default)]
pub struct Batch {
    /// In wire order.
    pub items: Vec<Item>,
    /// The levels of all book items.
    pub levels: Vec<Level>,
    /// The figures of all ticker items.
    pub figures: Vec<Figure>,
    /// The orders of all order-level items.
    pub orders: Vec<Order>,
    /// Whether the listings are all that the venue lists: what is not among them is gone.
    pub whole_list: bool,
    /// Unknown fields met while decoding.
    pub drift: Drift,
}

impl Batch {
    /// Forgets the last frame, keeps the memory.
    pub fn clear(&mut self) {
        self.items.clear();
        self.levels.clear();
        self.figures.clear();
        self.orders.clear();
        self.whole_list = false;
    }

    /// Adds statistics whose figures are in the batch from `first` on.
    pub(crate) fn ticker(&mut self, head: TickerHead, first: usize, change: bool) {
        self.figures[first..].sort_unstable_by_key(|figure| figure.name);
        self.items.push(Item::Ticker {
            head,
            figures: first..self.figures.len(),
            change,
        });
    }

    /// Adds a book message whose levels are in the batch already.
    pub(crate) fn book(&mut self, mut head: BookHead, sides: Sides) {
        (head.px_exp, head.qty_exp) = (sides.px_exp, sides.qty_exp);
        self.items.push(Item::Book {
            head,
            bids: sides.bids,
            asks: sides.asks,
        });
    }

    /// Adds a control message.
    pub fn control(&mut self, control: Control) {
        self.items.push(Item::Control(control));
    }

    /// The instruments and channels of the data in this batch.
    pub fn streams(&self) -> impl Iterator<Item = (InstrumentId, Channel)> + '_ {
        self.items.iter().filter_map(Item::stream)
    }
}

impl Item {
    /// The instrument and channel of data.
    #[must_use]
    #[inline]
    pub const fn stream(&self) -> Option<(InstrumentId, Channel)> {
        Some(match self {
            Self::Trade(trade) => (trade.header.instrument, trade_channel(trade)),
            Self::Bbo(bbo) => (bbo.header.instrument, Channel::BBO),
            Self::Book { head, .. } => (head.header.instrument, head.channel),
            Self::Ticker { head, .. } => (head.header.instrument, head.channel),
            Self::Candle(candle) => (candle.header.instrument, candle.channel),
            Self::Liquidation(found) => (found.header.instrument, Channel::LIQUIDATION),
            Self::Orders { head, .. } => (head.header.instrument, Channel::ORDERS),
            Self::Listing(_) | Self::Control(_) => return None,
        })
    }
}

/// Aggregates come on a channel of their own.
pub(crate) const fn trade_channel(trade: &Trade) -> Channel {
    if trade.conditions.contains(Conditions::AGGREGATE) {
        Channel::AGG_TRADE
    } else {
        Channel::TRADE
    }
}

/// Schema drift: fields and values that the venue sends and we do not know, by channel and name.
#[derive(Debug, Default)]
pub struct Drift {
    names: Vec<(&'static str, Box<str>, u64)>,
    others: u64,
}

impl Drift {
    /// Counts one unknown field.
    #[cold]
    pub fn unknown_field(&mut self, channel: &'static str, field: &str) {
        let field = &field[..field.floor_char_boundary(NAME_BYTES_MAX)];
        self.count_name(channel, |name| name == field, || field.into());
    }

    /// Counts one unknown value of a known field, as `field=value`.
    #[cold]
    pub fn unknown_value(&mut self, channel: &'static str, field: &'static str, value: &str) {
        let value = &value[..value.floor_char_boundary(NAME_BYTES_MAX)];
        let same = |name: &str| {
            let rest = name.strip_prefix(field);
            rest.and_then(|rest| rest.strip_prefix('=')) == Some(value)
        };
        self.count_name(channel, same, || format!("{field}={value}").into());
    }

    /// Allocates for a name that is new only.
    fn count_name(
        &mut self,
        channel: &'static str,
        same: impl Fn(&str) -> bool,
        name: impl FnOnce() -> Box<str>,
    ) {
        let known = self
            .names
            .iter()
            .position(|(at, held, _)| *at == channel && same(held));
        match known {
            Some(at) => self.names[at].2 += 1,
            None if self.names.len() < UNKNOWN_NAMES_MAX => self.names.push((channel, name(), 1)),
            None => self.others += 1,
        }
    }

    /// Channel, field name and count of each unknown field.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str, u64)> {
        self.names
            .iter()
            .map(|(channel, name, count)| (*channel, &**name, *count))
    }

    /// How many unknown fields were seen in all.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.names.iter().map(|(_, _, count)| count).sum::<u64>() + self.others
    }
}
