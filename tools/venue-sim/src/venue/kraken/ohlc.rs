//! The ohlc channel of one pair: candles, published whenever a trade changes them.

use std::sync::Arc;

use super::payload;
use crate::clock::Nanos;
use crate::hub::Span;
use crate::instrument::InstrumentConfig;
use crate::market::{Candle, Cursor, Interval, Length, Market, Step};
use crate::venue::Desk;

/// Intervals in minutes. Their boundaries are counted from the epoch, so a week begins on Thursday.
pub(super) const INTERVALS: [u64; 9] = [1, 5, 15, 30, 60, 240, 1_440, 10_080, 21_600];

/// Candles of a snapshot at most.
const SNAPSHOT: u64 = 60;

/// The interval of so many minutes.
pub(super) fn interval(minutes: u64) -> Interval {
    Interval::utc(Length::minutes(minutes))
}

/// Nanoseconds of so many minutes.
pub(super) fn length(minutes: u64) -> Nanos {
    interval(minutes).end(0)
}

/// Candles of the last intervals up to now: the closed ones, then the one that is open.
pub(super) fn recent(market: &Market, minutes: u64, count: u64, now: Nanos) -> Vec<Candle> {
    let opened = market.tape.front().map_or(now, |fill| fill.at);
    let from = now
        .saturating_sub((count - 1) * length(minutes))
        .max(opened);
    let mut cursor = market.candles(interval(minutes), from);
    let mut candles = cursor.advance(&market.tape, now);
    candles.push(*cursor.current());
    candles
}

/// All intervals of one pair.
#[derive(Debug)]
pub(super) struct Ohlc(Vec<Channel>);

#[derive(Debug)]
struct Channel {
    key: Arc<str>,
    minutes: u64,
    /// Reads the tape while somebody is subscribed.
    cursor: Option<Cursor>,
    published: u64,
}

impl Ohlc {
    pub(super) fn new(config: &InstrumentConfig) -> Self {
        let channel = |minutes: u64| Channel {
            key: Arc::from(format!("ohlc.{minutes}.{}", config.symbol)),
            minutes,
            cursor: None,
            published: 0,
        };
        Self(INTERVALS.into_iter().map(channel).collect())
    }

    /// Publishes the candles that the trades of an event changed.
    pub(super) fn stepped(&mut self, desk: &mut Desk<'_>, index: usize, step: &Step) {
        let (Some(first), Some(last)) = (step.fills.first(), step.fills.last()) else {
            return;
        };
        for channel in &mut self.0 {
            if !desk.hub.wanted(desk.product, &channel.key) {
                channel.cursor = None;
            }
            let Some(cursor) = &mut channel.cursor else {
                continue;
            };
            let market = &desk.markets[index];
            let mut candles = cursor.advance(&market.tape, last.at);
            candles.push(*cursor.current());
            candles.retain(|candle| candle.ids.is_some_and(|(_, last)| last >= first.id));
            channel.published += 1;
            let span = Span::one(channel.published);
            desk.hub.publish(desk.product, &channel.key, span, |_| {
                payload::ohlc(&market.config, "update", channel.minutes, &candles, last.at)
            });
        }
    }

    /// The snapshot that follows an acknowledgement; `send` is false for those who want none.
    /// Returns whether the key is one of this channel.
    pub(super) fn greet(
        &mut self,
        desk: &mut Desk<'_>,
        index: usize,
        line: u64,
        key: &str,
        send: bool,
    ) -> bool {
        let Some(channel) = self.0.iter_mut().find(|own| *own.key == *key) else {
            return false;
        };
        let (market, now) = (&desk.markets[index], desk.now);
        let mut cursor = market.candles(interval(channel.minutes), now);
        cursor.advance(&market.tape, now);
        channel.cursor = Some(cursor);
        if send {
            let mut candles = recent(market, channel.minutes, SNAPSHOT, now);
            candles.retain(|candle| candle.ids.is_some());
            let text = payload::ohlc(&market.config, "snapshot", channel.minutes, &candles, now);
            let span = Span::one(channel.published);
            desk.hub.publish_to(line, &channel.key, span, text);
        }
        true
    }
}
