//! What a request weighs.

use super::symbols;
use crate::venue::RestRequest;
use crate::venue::binance::Dialect;

/// Weight of a request: "REST API" of spot, "Market Data Endpoints" of futures, November 2026.
pub(super) fn weight(dialect: Dialect, method: &str, request: &RestRequest) -> u32 {
    match dialect {
        Dialect::Spot => spot(method, request),
        Dialect::Usdm | Dialect::Coinm => futures(method, request),
    }
}

fn spot(method: &str, request: &RestRequest) -> u32 {
    match method {
        "depth" => match request.number("limit", 100) {
            0..=100 => 5,
            101..=500 => 25,
            501..=1_000 => 50,
            _ => 250,
        },
        "exchangeInfo" => 20,
        "trades" | "historicalTrades" => 25,
        "aggTrades" => 4,
        "klines" | "uiKlines" | "avgPrice" | "referencePrice" => 2,
        "ticker/24hr" => match (request.get("symbol"), symbols(request).len()) {
            (Some(_), _) | (None, 1..=20) => 2,
            (None, 21..=100) => 40,
            (None, _) => 80,
        },
        "ticker/bookTicker" if request.get("symbol").is_some() => 2,
        "ticker/bookTicker" => 4,
        _ => 1,
    }
}

fn futures(method: &str, request: &RestRequest) -> u32 {
    let one = request.get("symbol").is_some();
    match method {
        "depth" => match request.number("limit", 500) {
            0..=50 => 2,
            51..=100 => 5,
            101..=500 => 10,
            _ => 20,
        },
        "trades" => 5,
        "historicalTrades" | "aggTrades" => 20,
        "klines" => match request.number("limit", 500) {
            0..=99 => 1,
            100..=499 => 2,
            500..=1_000 => 5,
            _ => 10,
        },
        "ticker/24hr" if !one => 40,
        "ticker/bookTicker" => 2 + 3 * u32::from(!one),
        "premiumIndex" if !one => 10,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_the_documented_ones() {
        let cases = [
            ("depth?limit=5000", 250, 20),
            ("ticker/24hr", 80, 40),
            ("ticker/24hr?symbol=A", 2, 1),
            ("ticker/24hr?symbols=[\"A\",\"B\"]", 2, 40),
            ("historicalTrades", 25, 20),
            ("aggTrades", 4, 20),
            ("klines", 2, 5),
            ("exchangeInfo", 20, 1),
            ("ticker/bookTicker", 4, 5),
        ];
        for (target, spot, usdm) in cases {
            let request = RestRequest::parse(target);
            let weigh = |dialect| weight(dialect, &request.path, &request);
            assert_eq!(
                (weigh(Dialect::Spot), weigh(Dialect::Usdm)),
                (spot, usdm),
                "{target}"
            );
        }
    }
}
