//! Candles.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{ABSENT, Header, Kind};
use crate::instrument::InstrumentId;
use crate::time::Nanos;
use crate::venue::Channel;

/// Open, high, low, close and volume of one interval: 184 bytes.
///
/// ```text
/// 64        72         80     88     96    104     112      120            128            136                 144    152
///  | ts_open | ts_close | open | high | low | close | volume | quote_volume | taker_volume | taker_quote_volume | vwap |
/// 152       160        168       176      177          178         179        180       181      182    184
///  | trades  | first_id | last_id | px_exp | volume_exp | quote_exp | vwap_exp | channel | closed | zero |
/// ```
///
/// What the venue does not give is [`ABSENT`] (ids: 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Candle {
    /// Common fields.
    pub header: Header,
    /// Begin of the interval, ns since the Unix epoch.
    pub ts_open: Nanos,
    /// First instant after the interval, ns since the Unix epoch; 0 where the venue does not say.
    pub ts_close: Nanos,
    /// First price, mantissa at `px_exp`.
    pub open: i64,
    /// Highest price, mantissa at `px_exp`.
    pub high: i64,
    /// Lowest price, mantissa at `px_exp`.
    pub low: i64,
    /// Last price so far, mantissa at `px_exp`.
    pub close: i64,
    /// Volume in base currency or contracts, mantissa at `volume_exp`.
    pub volume: i64,
    /// Turnover, mantissa at `quote_exp`.
    pub quote_volume: i64,
    /// Volume bought by takers, mantissa at `volume_exp`.
    pub taker_volume: i64,
    /// Turnover bought by takers, mantissa at `quote_exp`.
    pub taker_quote_volume: i64,
    /// Volume-weighted average price, mantissa at `vwap_exp`.
    pub vwap: i64,
    /// Number of trades.
    pub trades: i64,
    /// Id of the first trade; 0 where there is none.
    pub first_id: u64,
    /// Id of the last trade; 0 where there is none.
    pub last_id: u64,
    /// Power of ten of the four prices.
    pub px_exp: i8,
    /// Power of ten of the volumes.
    pub volume_exp: i8,
    /// Power of ten of the turnovers.
    pub quote_exp: i8,
    /// Power of ten of `vwap`.
    pub vwap_exp: i8,
    /// Which interval: one of the candle channels.
    pub channel: Channel,
    /// 1 once the interval is over and the candle final.
    pub closed: u8,
    /// Always zero.
    pub reserved: [u8; 2],
}

impl Candle {
    /// A candle of `channel` that holds nothing yet.
    #[must_use]
    pub const fn new(instrument: InstrumentId, channel: Channel) -> Self {
        Self {
            header: Header::new(Kind::Candle, size_of::<Self>(), instrument),
            ts_open: 0,
            ts_close: 0,
            open: ABSENT,
            high: ABSENT,
            low: ABSENT,
            close: ABSENT,
            volume: ABSENT,
            quote_volume: ABSENT,
            taker_volume: ABSENT,
            taker_quote_volume: ABSENT,
            vwap: ABSENT,
            trades: ABSENT,
            first_id: 0,
            last_id: 0,
            px_exp: 0,
            volume_exp: 0,
            quote_exp: 0,
            vwap_exp: 0,
            channel,
            closed: 0,
            reserved: [0; 2],
        }
    }
}
