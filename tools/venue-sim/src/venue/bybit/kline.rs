//! `kline.<interval>` and its REST list: candles of the tape.

use super::category::Category;
use super::payload;
use super::ticker::turnover;
use super::topic::Pace;
use crate::clock::{MILLI, Nanos};
use crate::decimal::trimmed;
use crate::hub::Span;
use crate::market::{Candle, Cursor, Interval, Market};
use crate::venue::Desk;

/// Pause between two pushes in ms; the venue documents 1 to 60 s.
const PAUSE: Nanos = 1_000;

/// One interval of one instrument, for as long as somebody listens.
#[derive(Debug)]
pub(super) struct CandleTopic {
    category: Category,
    pub(super) pace: Pace,
    cursor: Cursor,
    /// The open candle as last published.
    shown: Option<Candle>,
}

impl CandleTopic {
    pub(super) fn new(
        category: Category,
        topic: &str,
        interval: Interval,
        market: &Market,
        now: Nanos,
    ) -> Self {
        Self {
            category,
            pace: Pace::new(topic.to_owned(), PAUSE),
            cursor: market.candles(interval, now),
            shown: None,
        }
    }

    /// Reads what the open candle holds already.
    pub(super) fn catch_up(&mut self, market: &Market, now: Nanos) {
        // The cursor begins at the candle that is open now, so none can have closed before it.
        self.cursor.advance(&market.tape, now);
        self.shown = Some(*self.cursor.current());
    }

    /// Publishes what is due.
    pub(super) fn publish_due(&mut self, desk: &mut Desk<'_>, index: usize, all: bool) {
        if !self.pace.due(desk.now, all) {
            return;
        }
        for (span, text) in self.messages(&desk.markets[index], desk.now) {
            desk.hub
                .publish(desk.product, &self.pace.key, span, |_| text.clone());
        }
    }

    /// The candles that closed and, if it changed, the open one.
    fn messages(&mut self, market: &Market, now: Nanos) -> Vec<(Span, String)> {
        let closed = self.cursor.advance(&market.tape, now);
        let message =
            |candle: &Candle, confirm| (span(candle), self.text(market, candle, confirm, now));
        let mut messages: Vec<_> = closed.iter().map(|candle| message(candle, true)).collect();
        let open = *self.cursor.current();
        if self.shown != Some(open) {
            messages.push(message(&open, false));
        }
        self.shown = Some(open);
        messages
    }

    /// Shows the open candle to a new subscriber.
    pub(super) fn greet(&mut self, desk: &mut Desk<'_>, index: usize, line: u64) {
        let open = *self.cursor.current();
        let text = self.text(&desk.markets[index], &open, false, desk.now);
        desk.hub.publish_to(line, &self.pace.key, span(&open), text);
    }

    fn text(&self, market: &Market, candle: &Candle, confirm: bool, now: Nanos) -> String {
        let topic = &self.pace.key;
        let interval = topic.split('.').nth(1).unwrap_or_default();
        let row = Row::of(self.category, market, candle);
        let [open, high, low, close, volume, turnover] = &row.texts;
        let (start, sent) = (row.start, now / MILLI);
        // The last millisecond of the interval.
        let end = candle.end / MILLI - 1;
        let timestamp = matched(market, candle) / MILLI;
        format!(
            r#"{{"topic":"{topic}","data":[{{"start":{start},"end":{end},"interval":"{interval}","open":"{open}","close":"{close}","high":"{high}","low":"{low}","volume":"{volume}","turnover":"{turnover}","confirm":{confirm},"timestamp":{timestamp}}}],"ts":{sent},"type":"snapshot"}}"#
        )
    }
}

/// Time of the last trade in a candle; its beginning if it has none.
fn matched(market: &Market, candle: &Candle) -> Nanos {
    let last = candle.ids.and_then(|(_, last)| {
        let at = market.tape.partition_point(|fill| fill.id < last);
        market.tape.get(at)
    });
    last.map_or(candle.start, |fill| fill.at)
}

/// Candles have no sequence; their last trade stands in for one.
fn span(candle: &Candle) -> Span {
    let (first, last) = candle.ids.unwrap_or_default();
    Span { first, last }
}

/// A candle's texts: open, high, low, close, volume, turnover.
struct Row {
    /// ms.
    start: u64,
    texts: [String; 6],
}

impl Row {
    fn of(category: Category, market: &Market, candle: &Candle) -> Self {
        let px = |px: i64| payload::px(category, &market.config, px);
        Self {
            start: candle.start / MILLI,
            texts: [
                px(candle.open),
                px(candle.high),
                px(candle.low),
                px(candle.close),
                trimmed(candle.volume.qty, market.config.qty_digits),
                turnover(category, market, &candle.volume),
            ],
        }
    }
}

/// Which candles REST is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) interval: Interval,
    /// First and last start, ns.
    pub(super) from: Nanos,
    pub(super) to: Nanos,
    pub(super) limit: usize,
}

/// Rows of REST's list, newest first. The tape's first trade is where history begins.
pub(super) fn rest_rows(
    category: Category,
    market: &Market,
    wanted: Wanted,
    now: Nanos,
) -> Vec<String> {
    let oldest = market.tape.front().map_or(now, |fill| fill.at);
    let mut cursor = market.candles(wanted.interval, wanted.from.max(oldest));
    let mut candles = cursor.advance(&market.tape, now);
    candles.push(*cursor.current());
    let candles = candles.iter().rev();
    let candles = candles.filter(|candle| (wanted.from..=wanted.to).contains(&candle.start));
    let row = |candle: &Candle| {
        let Row { start, texts } = Row::of(category, market, candle);
        format!(r#"["{start}","{}"]"#, texts.join(r#"",""#))
    };
    candles.take(wanted.limit).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Product;
    use crate::instrument::default_instruments;
    use crate::venue::bybit::topic::interval;

    const SECOND: Nanos = 1_000 * MILLI;

    #[test]
    fn closed_candle_is_confirmed_once_and_the_next_begins_at_its_close() {
        let config = default_instruments(Product::BybitLinear).remove(0);
        let mut market = Market::new(config, 50, 1, 1);
        let minute = interval("1").unwrap();
        let mut topic = CandleTopic::new(Category::Linear, "kline.1.BTCUSDT", minute, &market, 0);
        let mut confirmed = Vec::new();
        let mut last = String::new();
        for second in 0..150 {
            for _ in 0..20 {
                market.step(second * SECOND);
            }
            for (_, text) in topic.messages(&market, second * SECOND) {
                if text.contains(r#""confirm":true"#) {
                    confirmed.push(text.clone());
                }
                last = text;
            }
        }
        assert_eq!(confirmed.len(), 2, "{confirmed:?}");
        assert!(confirmed[0].contains(r#""start":0,"end":59999,"#));
        assert!(confirmed[1].contains(r#""start":60000,"end":119999,"#));
        assert!(last.contains(r#""start":120000,"#) && last.contains(r#""confirm":false"#));
        let inside = |fill: &&crate::market::Fill| fill.at < 60 * SECOND;
        let volume: i64 = market.tape.iter().filter(inside).map(|fill| fill.qty).sum();
        let volume = format!(
            r#""volume":"{}""#,
            trimmed(volume, market.config.qty_digits)
        );
        assert!(confirmed[0].contains(&volume), "{volume}: {}", confirmed[0]);
    }
}
