//! Topics: what we call a stream, and what the venue says it is.

use super::Shape;
use crate::venue::{Channel, Stream, VenueId};

/// Candle channels and the intervals of their topics.
pub(super) const CANDLES: [(Channel, &str); 13] = [
    (Channel::CANDLE_1M, "1"),
    (Channel::CANDLE_3M, "3"),
    (Channel::CANDLE_5M, "5"),
    (Channel::CANDLE_15M, "15"),
    (Channel::CANDLE_30M, "30"),
    (Channel::CANDLE_1H, "60"),
    (Channel::CANDLE_2H, "120"),
    (Channel::CANDLE_4H, "240"),
    (Channel::CANDLE_6H, "360"),
    (Channel::CANDLE_12H, "720"),
    (Channel::CANDLE_1D, "D"),
    (Channel::CANDLE_1W, "W"),
    (Channel::CANDLE_1MO, "M"),
];

/// Book depths that the product's topics offer beside the best prices, rising (rule Y7).
pub(super) const fn depths(id: VenueId) -> &'static [u16] {
    match id {
        VenueId::BYBIT_OPTION => &[25, 100],
        _ => &[1, 50, 200, 1000],
    }
}

/// The offered depth that holds at least `wanted` levels, or the deepest; 0 = 50 (option: 25).
pub(super) fn book_depth(id: VenueId, wanted: u16) -> u16 {
    let offered = depths(id);
    let wanted = match (wanted, id) {
        (0, VenueId::BYBIT_OPTION) => 25,
        (0, _) => 50,
        (wanted, _) => wanted,
    };
    let fit = offered.iter().copied().find(|depth| *depth >= wanted);
    fit.or_else(|| offered.last().copied()).unwrap_or(wanted)
}

/// The topic of a stream. Options have no book of level 1: their best prices stand in the ticker.
pub(super) fn name(shape: Shape, stream: Stream<'_>) -> String {
    let (symbol, book_depth) = (stream.symbol, shape.book_depth);
    match stream.key.channel {
        Channel::BBO if shape.id == VenueId::BYBIT_OPTION => format!("tickers.{symbol}"),
        Channel::BBO => format!("orderbook.1.{symbol}"),
        Channel::BOOK => format!("orderbook.{book_depth}.{symbol}"),
        Channel::BOOK_RPI | Channel::BOOK_RPI_ONLY => format!("orderbook.rpi.{symbol}"),
        Channel::BOOK_FULL => format!("orderbook.full.{symbol}"),
        Channel::TICKER => format!("tickers.{symbol}"),
        Channel::LIQUIDATION => format!("allLiquidation.{symbol}"),
        Channel::PRICE_LIMIT => format!("priceLimit.{symbol}"),
        Channel::STATUS => "system.status".to_owned(),
        channel => match CANDLES.iter().find(|row| row.0 == channel) {
            Some((_, interval)) => format!("kline.{interval}.{symbol}"),
            None => format!("publicTrade.{symbol}"),
        },
    }
}

/// What a topic in a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic<'a> {
    /// A channel's data of a symbol (option trades: of a base currency; status: of nothing).
    Of(Channel, &'a str),
    /// A documented topic that no channel stands for.
    NotCarried,
    /// One that was not documented when this was written.
    Unknown,
}

/// Reads a topic's name. A symbol may hold dots: strikes of cheap options have fractions.
pub(super) fn parse(topic: &str) -> Topic<'_> {
    let Some((head, rest)) = topic.split_once('.') else {
        return Topic::Unknown;
    };
    let (channel, symbol) = match head {
        "system" if rest == "status" => return Topic::Of(Channel::STATUS, ""),
        "publicTrade" => (Some(Channel::TRADE), rest),
        "tickers" => (Some(Channel::TICKER), rest),
        "allLiquidation" => (Some(Channel::LIQUIDATION), rest),
        "priceLimit" => (Some(Channel::PRICE_LIMIT), rest),
        "adlAlert" | "insurance" | "liquidation" => return Topic::NotCarried,
        "orderbook" => of_view(rest, book),
        "kline" => of_view(rest, candle),
        _ => return Topic::Unknown,
    };
    match channel {
        Some(channel) if !symbol.is_empty() => Topic::Of(channel, symbol),
        _ => Topic::Unknown,
    }
}

/// The channel and symbol of a topic's last two parts.
fn of_view(rest: &str, channel: fn(&str) -> Option<Channel>) -> (Option<Channel>, &str) {
    let (view, symbol) = rest.split_once('.').unwrap_or((rest, ""));
    (channel(view), symbol)
}

fn candle(interval: &str) -> Option<Channel> {
    let row = CANDLES.iter().find(|row| row.1 == interval);
    row.map(|row| row.0)
}

fn book(view: &str) -> Option<Channel> {
    match view {
        "1" => Some(Channel::BBO),
        "rpi" => Some(Channel::BOOK_RPI),
        "full" => Some(Channel::BOOK_FULL),
        // 500 until 2025-09-11.
        "25" | "50" | "100" | "200" | "500" | "1000" => Some(Channel::BOOK),
        _ => None,
    }
}

/// A topic without its symbol: what schema drift is counted by.
pub(super) fn family(topic: &str) -> &str {
    let parts = match topic.split_once('.') {
        Some(("orderbook" | "kline", _)) => 2,
        _ => 1,
    };
    let end = topic.match_indices('.').nth(parts - 1);
    end.map_or(topic, |(end, _)| &topic[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_depth_becomes_one_that_is_offered() {
        for (id, wanted, expected) in [
            (VenueId::BYBIT_SPOT, 0, 50),
            (VenueId::BYBIT_LINEAR, 1, 1),
            (VenueId::BYBIT_LINEAR, 10, 50),
            (VenueId::BYBIT_LINEAR, 50, 50),
            (VenueId::BYBIT_INVERSE, 500, 1000),
            (VenueId::BYBIT_SPOT, 5000, 1000),
            (VenueId::BYBIT_OPTION, 0, 25),
            (VenueId::BYBIT_OPTION, 50, 100),
            (VenueId::BYBIT_OPTION, 1000, 100),
        ] {
            assert_eq!(book_depth(id, wanted), expected, "{id} {wanted}");
        }
    }

    #[test]
    fn topics_are_told_from_those_that_only_look_like_them() {
        for (topic, expected) in [
            ("orderbook.500.A", Topic::Of(Channel::BOOK, "A")),
            ("kline.M.A", Topic::Of(Channel::CANDLE_1MO, "A")),
            ("kline.m.A", Topic::Unknown),
            ("kline.7.A", Topic::Unknown),
            ("orderbook.50", Topic::Unknown),
            ("orderbook..A", Topic::Unknown),
            ("orderbook.rpi2.A", Topic::Unknown),
            (
                "orderbook.25.XRP-27MAR26-0.55-C",
                Topic::Of(Channel::BOOK, "XRP-27MAR26-0.55-C"),
            ),
            (
                "tickers.XRP-27MAR26-0.55-C",
                Topic::Of(Channel::TICKER, "XRP-27MAR26-0.55-C"),
            ),
            ("publicTrade.", Topic::Unknown),
            ("orderbook.50.", Topic::Unknown),
            ("system.state", Topic::Unknown),
            ("tickers", Topic::Unknown),
            ("", Topic::Unknown),
            ("adlAlert.USDT", Topic::NotCarried),
            ("insurance.inverse", Topic::NotCarried),
            ("liquidation.BTCUSDT", Topic::NotCarried),
        ] {
            assert_eq!(parse(topic), expected, "{topic}");
        }
    }

    #[test]
    fn a_family_has_no_symbol() {
        for (topic, expected) in [
            ("orderbook.deep.XRP-27MAR26-0.55-C", "orderbook.deep"),
            ("kline.7.A", "kline.7"),
            ("orderbook.50", "orderbook.50"),
            ("newTopic.XRP-27MAR26-0.55-C", "newTopic"),
            ("newTopic", "newTopic"),
            ("", ""),
        ] {
            assert_eq!(family(topic), expected, "{topic}");
        }
    }
}
