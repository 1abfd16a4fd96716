//! `[[feed]]`: one venue and product, its instruments, channels, lines and rules.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::path::PathBuf;

use feedd_codecs::feed::{Action, FeedOptions, LivenessOptions, Pick, QualityOptions, Rule};
use feedd_codecs::instrument::Admission;
use feedd_codecs::venue::{Channel, Encoding, StreamOptions};
use feedd_codecs::{Venue, VenueId, with_venue};
use serde::{Deserialize, Serialize};

use super::Span;
use crate::session::wire::{QuickAck, WireOptions};

/// Lines are replaced so long before the venue closes them.
const BEFORE_THE_END: i64 = 3_600_000_000_000;

/// `[[feed]]`
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct FeedConfig {
    /// `binance`, `bybit` or `kraken`.
    pub venue: String,
    /// `spot`, `usdm`, `coinm`, `linear`, `inverse`, `option` or `futures`.
    pub product: String,
    /// The venue's own spellings (`BTCUSDT`, `BTCUSD_PERP`, `BTC/USD`), patterns (`*USDT`), or the
    /// most traded (`top:20`, `top:20:*USDT`).
    pub instruments: Vec<String>,
    /// This host's part of them, from `[capture]`.
    #[serde(skip)]
    pub share: Option<feedd_codecs::feed::Share>,
    /// `trade`, `agg_trade` (Binance), `bbo`, `book`, …: `feedd check` lists what a venue has.
    #[serde(default = "default_channels")]
    pub channels: Vec<String>,
    /// Channels that come as one stream for the whole market (Binance `!…@arr`).
    #[serde(default)]
    pub whole_market: Vec<String>,
    /// Levels a side of the book view where the venue offers several: Bybit 1, 50, 200, 1000 (options
    /// 25, 100); Kraken 10, 25, 100, 500, 1000. Binance sends the whole book: there it is the depth
    /// of snapshots, 100, 500 or 1000. 0 = the venue's default, or most.
    #[serde(default)]
    pub book_depth: u16,
    /// Milliseconds between book deltas (Binance: 100 or 1000 on spot; 100, 250 or 500 on futures).
    #[serde(default = "default_book_interval_ms")]
    pub book_interval_ms: u16,
    /// Levels a side of `book_top`: 5, 10 or 20 (Binance). 0 = the venue's default.
    #[serde(default)]
    pub top_depth: u16,
    /// `json`, or `sbe` (Binance spot, with `api_key_file`).
    #[serde(default = "default_encoding")]
    pub encoding: String,
    /// Times in microseconds (Binance spot).
    #[serde(default)]
    pub microseconds: bool,
    /// Redundant lines for each stream, 1 to 4.
    #[serde(default = "default_lines")]
    pub lines: u8,
    /// How long a message that came too early waits for those before it. `0ms` to `10s`.
    #[serde(default = "default_gap_wait")]
    pub gap_wait: Span,
    /// A line is replaced after this long; absent = one hour before the venue closes it, `0s` = never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate_after: Option<Span>,
    /// How often reference data is asked for again; `0s` = once.
    #[serde(default = "default_refresh_every")]
    pub refresh_every: Span,
    /// How often each live book is compared with a fresh snapshot; `0s` = never.
    #[serde(default = "default_audit_every")]
    pub audit_every: Span,
    /// A stream may always be silent for so long.
    #[serde(default = "default_liveness_floor")]
    pub liveness_floor: Span,
    /// A stream may never be silent for longer; `0s` = streams are not watched.
    #[serde(default = "default_liveness_ceiling")]
    pub liveness_ceiling: Span,
    /// Quality rules.
    #[serde(default)]
    pub quality: QualityConfig,
    /// File with the key that some streams ask for (Binance SBE); read with each connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_file: Option<PathBuf>,
    /// File with the token that some streams ask for (Kraken `orders`); read with each connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// Number of the reader thread that serves this feed, from 0.
    #[serde(default)]
    pub reader: usize,
    /// `park`: the reader sleeps until the kernel wakes it. `spin`: it polls its sockets without
    /// sleeping, for a core of its own. The feeds of one reader agree.
    #[serde(default = "default_poll")]
    pub poll: String,
    /// Ask the kernel for the time at which it received what is read (`SO_TIMESTAMPNS`).
    #[serde(default = "default_kernel_stamps")]
    pub kernel_stamps: bool,
    /// Acknowledge what was read at once (`TCP_QUICKACK`): `never`, `tls` (lines with TLS) or
    /// `always`. One system call each time that a socket is read empty; without it, a peer that
    /// uses Nagle's algorithm waits up to 40 ms for each acknowledgement.
    #[serde(default = "default_quick_ack")]
    pub quick_ack: String,
    /// How long a read that finds nothing polls the network card (`SO_BUSY_POLL`), `0us` to `10ms`;
    /// `0us` = not.
    #[serde(default = "default_busy_poll")]
    pub busy_poll: Span,
    /// WebSocket base URL instead of the venue's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ws_url: Option<String>,
    /// REST base URL instead of the venue's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest_url: Option<String>,
}

/// `[feed.quality]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct QualityConfig {
    /// What to do about each rule: `off`, `flag` or `reject`; rules that are not named flag.
    pub rules: BTreeMap<String, String>,
    /// How many times higher or lower than the last a price may be, 2 to 1000.
    pub price_factor: u16,
    /// How long a book may be crossed.
    pub crossed_max: Span,
    /// How far a venue's clock may be ahead of ours.
    pub future_max: Span,
    /// How long a book may be without an update while its instrument trades.
    pub stale_max: Span,
    /// Most levels on a side.
    pub levels_max: u32,
}

impl Default for QualityConfig {
    fn default() -> Self {
        Self {
            rules: BTreeMap::new(),
            price_factor: 10,
            crossed_max: Span::from_millis(1_000),
            future_max: Span::from_millis(1_000),
            stale_max: Span::from_millis(60_000),
            levels_max: 20_000,
        }
    }
}

/// What `name` tells to do.
pub(super) fn action(name: &str) -> Option<Action> {
    match name {
        "off" => Some(Action::Off),
        "flag" => Some(Action::Flag),
        "reject" => Some(Action::Reject),
        _ => None,
    }
}

/// What `name` tells of acknowledgements.
pub(super) fn quick_ack(name: &str) -> Option<QuickAck> {
    match name {
        "never" => Some(QuickAck::Never),
        "tls" => Some(QuickAck::Tls),
        "always" => Some(QuickAck::Always),
        _ => None,
    }
}

impl QualityConfig {
    fn options(&self) -> QualityOptions {
        let act = |rule: Rule| {
            let named = self.rules.get(rule.name());
            named.and_then(|name| action(name)).unwrap_or_default()
        };
        QualityOptions {
            actions: Rule::ALL.map(act),
            price_factor: NonZeroU16::new(self.price_factor).unwrap_or(NonZeroU16::MIN),
            crossed_max: self.crossed_max.nanos(),
            future_max: self.future_max.nanos(),
            stale_max: self.stale_max.nanos(),
            levels_max: self.levels_max as usize,
        }
    }
}

impl FeedConfig {
    /// A feed with every default.
    #[must_use]
    pub fn new(venue: &str, product: &str, instruments: Vec<String>) -> Self {
        Self {
            venue: venue.to_owned(),
            product: product.to_owned(),
            instruments,
            share: None,
            channels: default_channels(),
            whole_market: Vec::new(),
            book_depth: 0,
            book_interval_ms: default_book_interval_ms(),
            top_depth: 0,
            encoding: default_encoding(),
            microseconds: false,
            lines: default_lines(),
            gap_wait: default_gap_wait(),
            rotate_after: None,
            refresh_every: default_refresh_every(),
            audit_every: default_audit_every(),
            liveness_floor: default_liveness_floor(),
            liveness_ceiling: default_liveness_ceiling(),
            quality: QualityConfig::default(),
            api_key_file: None,
            token_file: None,
            reader: 0,
            poll: default_poll(),
            kernel_stamps: default_kernel_stamps(),
            quick_ack: default_quick_ack(),
            busy_poll: default_busy_poll(),
            ws_url: None,
            rest_url: None,
        }
    }

    /// The venue and product, if there is such a one.
    #[must_use]
    pub fn venue_id(&self) -> Option<VenueId> {
        VenueId::from_names(&self.venue, &self.product)
    }

    /// The instruments; a checked configuration names only what can be picked.
    #[must_use]
    pub fn picks(&self) -> Vec<Pick> {
        let picks = self.instruments.iter();
        picks.filter_map(|pick| pick.parse().ok()).collect()
    }

    /// The form of the streams.
    #[must_use]
    pub fn stream_options(&self) -> StreamOptions {
        let names = self.channels.iter().chain(&self.whole_market);
        StreamOptions {
            book_depth: self.book_depth,
            book_interval_ms: self.book_interval_ms,
            top_depth: self.top_depth,
            encoding: if self.encoding == "sbe" {
                Encoding::Sbe
            } else {
                Encoding::Json
            },
            microseconds: self.microseconds,
            channels: names.filter_map(|name| Channel::from_name(name)).collect(),
        }
    }

    /// Everything that the feed's state machine is told.
    #[must_use]
    pub fn feed_options(&self, first_line: u16) -> FeedOptions {
        let channels = |names: &[String]| {
            let known = names.iter().filter_map(|name| Channel::from_name(name));
            known.collect::<Vec<_>>()
        };
        FeedOptions {
            instruments: self.picks(),
            share: self.share.clone(),
            channels: channels(&self.channels),
            whole_market: channels(&self.whole_market),
            stream: self.stream_options(),
            admission: Admission::Named,
            first_line,
            lines: self.lines,
            gap_wait: self.gap_wait.nanos(),
            rotate_after: self.rotation(),
            refresh_every: self.refresh_every.nanos(),
            audit_every: self.audit_every.nanos(),
            liveness: LivenessOptions {
                floor: self.liveness_floor.nanos(),
                ceiling: self.liveness_ceiling.nanos(),
            },
            quality: self.quality.options(),
        }
    }

    /// Whether the feed's reader polls without sleeping.
    #[must_use]
    pub fn spins(&self) -> bool {
        self.poll == "spin"
    }

    /// How the sockets of the feed's lines are read.
    #[must_use]
    pub fn wire_options(&self) -> WireOptions {
        WireOptions {
            spin: self.spins(),
            stamps: self.kernel_stamps,
            quick_ack: quick_ack(&self.quick_ack).unwrap_or_default(),
            busy_poll: self.busy_poll.0,
        }
    }

    fn rotation(&self) -> i64 {
        if let Some(after) = self.rotate_after {
            return after.nanos();
        }
        let Some(id) = self.venue_id() else { return 0 };
        let options = self.stream_options();
        let life = with_venue!(id, V => V::new(id, options).facts().line_life);
        (life - BEFORE_THE_END).max(0)
    }
}

fn default_channels() -> Vec<String> {
    ["trade", "bbo", "book"].map(str::to_owned).to_vec()
}

const fn default_book_interval_ms() -> u16 {
    100
}

fn default_encoding() -> String {
    "json".to_owned()
}

fn default_poll() -> String {
    "park".to_owned()
}

const fn default_kernel_stamps() -> bool {
    true
}

fn default_quick_ack() -> String {
    "tls".to_owned()
}

const fn default_busy_poll() -> Span {
    Span::from_millis(0)
}

const fn default_lines() -> u8 {
    1
}

const fn default_gap_wait() -> Span {
    Span::from_millis(50)
}

const fn default_refresh_every() -> Span {
    Span::from_millis(600_000)
}

const fn default_audit_every() -> Span {
    Span::from_millis(1_800_000)
}

const fn default_liveness_floor() -> Span {
    Span::from_millis(10_000)
}

const fn default_liveness_ceiling() -> Span {
    Span::from_millis(1_800_000)
}
