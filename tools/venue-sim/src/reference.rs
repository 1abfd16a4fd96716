//! Changes of the reference data while a simulation runs.

use crate::instrument::InstrumentConfig;

/// What happens to the list of instruments; see [`Fault::Reference`](crate::Fault::Reference).
///
/// The venue's reference data shows it at once, over REST and on the streams that announce such
/// changes. What cannot be done is logged as a warning and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceChange {
    /// A new instrument starts to trade. Its symbol must never have been listed before.
    List(InstrumentConfig),
    /// Trading stops: no trades, no book changes. The instrument stays in the reference data with
    /// the venue's word for it (Binance Spot: `BREAK`).
    Halt {
        /// Symbol in payload spelling.
        symbol: String,
    },
    /// Trading goes on, after [`Halt`](Self::Halt) or [`Delist`](Self::Delist).
    Resume {
        /// Symbol in payload spelling.
        symbol: String,
    },
    /// Trading stops and the instrument disappears from the reference data.
    Delist {
        /// Symbol in payload spelling.
        symbol: String,
    },
    /// Another price increment. Orders that are off the new tick are cancelled; refused if that
    /// would leave a side of the book almost empty.
    Tick {
        /// Symbol in payload spelling.
        symbol: String,
        /// The new increment, in units of `10^-px_digits`, above zero.
        tick: i64,
    },
}

impl ReferenceChange {
    /// Symbol of the instrument concerned.
    #[must_use]
    pub fn symbol(&self) -> &str {
        match self {
            ReferenceChange::List(instrument) => &instrument.symbol,
            ReferenceChange::Halt { symbol }
            | ReferenceChange::Resume { symbol }
            | ReferenceChange::Delist { symbol }
            | ReferenceChange::Tick { symbol, .. } => symbol,
        }
    }
}
