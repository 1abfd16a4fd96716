//! exchangeInfo.

use super::*;

#[test]
fn exchange_info_of_spot_lists_terms() {
    let body = r#"{"timezone":"UTC","serverTime":1565246363776,"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000}],"exchangeFilters":[],"symbols":[
        {"symbol":"ETHBTC","status":"TRADING","baseAsset":"ETH","baseAssetPrecision":8,"quoteAsset":"BTC","orderTypes":["LIMIT"],"icebergAllowed":true,"filters":[{"filterType":"PRICE_FILTER","minPrice":"0.00001000","maxPrice":"922327.00000000","tickSize":"0.00001000"},{"filterType":"LOT_SIZE","minQty":"0.00010000","stepSize":"0.00010000"}],"permissions":[],"permissionSets":[["SPOT"]]},
        {"symbol":"OLDBTC","status":"BREAK","baseAsset":"OLD","quoteAsset":"BTC","filters":[]},
        {"symbol":"NEWBTC","status":"CANCEL_ONLY","baseAsset":"NEW","quoteAsset":"BTC","filters":[]}]}"#;
    let (listings, next) = spot().reference(body).unwrap();
    assert_eq!((listings.len(), next), (3, None));
    let first = &listings[0];
    assert_eq!(
        (&*first.symbol, &*first.base, &*first.quote),
        ("ETHBTC", "ETH", "BTC")
    );
    assert_eq!(
        (first.px_exp, first.qty_exp),
        (-8, -8),
        "spot prints eight digits always"
    );
    let expected = Terms {
        tick: (1, -5),
        lot: (1, -4),
        state: TradingState::TRADING,
        instrument_type: InstrumentType::SPOT,
        ..Terms::UNKNOWN
    };
    assert_eq!(first.terms, expected);
    assert_eq!(listings[1].terms.state, TradingState::HALTED);
    assert_eq!(
        listings[2].terms.state,
        TradingState::HALTED,
        "a state of 2026"
    );
    assert_eq!(listings[1].terms.tick, (0, 0));
}

#[test]
fn exchange_info_of_futures_tells_type_size_and_expiry() {
    let symbol = |name: &str, contract: &str, delivery: &str, rest: &str| {
        format!(
            r#"{{"symbol":"{name}","pair":"BTCUSD","contractType":"{contract}","deliveryDate":{delivery},"onboardDate":1569398400000,{rest},"pricePrecision":5,"quantityPrecision":0,"baseAsset":"BTC","quoteAsset":"USD","filters":[{{"filterType":"PRICE_FILTER","tickSize":"0.10"}},{{"filterType":"LOT_SIZE","stepSize":"1"}}]}}"#
        )
    };
    let usdm = format!(
        r#"{{"symbols":[{},{}]}}"#,
        symbol(
            "BTCUSDT",
            "PERPETUAL",
            "4133404800000",
            r#""status":"TRADING""#
        ),
        symbol(
            "BTCUSDT_260327",
            "CURRENT_QUARTER",
            "1774598400000",
            r#""status":"SETTLING""#
        )
    );
    let (listings, _) = Bench::<Binance>::new(USDM).reference(&usdm).unwrap();
    let types: Vec<_> = listings
        .iter()
        .map(|known| known.terms.instrument_type)
        .collect();
    assert_eq!(types, [InstrumentType::PERPETUAL, InstrumentType::FUTURE]);
    assert_eq!(listings[0].terms.expiry, 0, "a date in 2100 is none");
    assert_eq!(listings[1].terms.expiry, 1_774_598_400_000_000_000);
    assert_eq!(listings[1].terms.state, TradingState::CLOSED);
    assert_eq!(
        (listings[0].px_exp, listings[0].qty_exp),
        (-1, 0),
        "digits of the increments"
    );
    let coinm = format!(
        r#"{{"symbols":[{}]}}"#,
        symbol(
            "BTCUSD_PERP",
            "PERPETUAL",
            "4133404800000",
            r#""contractStatus":"TRADING","contractSize":100"#
        )
    );
    let (listings, _) = Bench::<Binance>::new(COINM).reference(&coinm).unwrap();
    assert_eq!(
        listings[0].terms.instrument_type,
        InstrumentType::INVERSE_PERPETUAL
    );
    assert_eq!(listings[0].terms.contract_size, (100, 0));
    assert_eq!(listings[0].terms.state, TradingState::TRADING);
}

#[test]
fn a_recorded_exchange_info_frame_lists_instruments() {
    let frame = r#"{"symbols":[{"symbol":"ETHBTC","status":"TRADING","baseAsset":"ETH","quoteAsset":"BTC","filters":[]}]}"#;
    let mut bench = spot();
    let Item::Listing(listing) = bench.one(frame) else {
        panic!("no listing");
    };
    assert_eq!(&*listing.symbol, "ETHBTC");
    assert!(bench.instruments.all().is_empty(), "the feed decides");
}

/// The one listing of a body with `rest` in its symbol, and the drift that it counts.
fn listed(id: VenueId, rest: &str) -> (Listing, Vec<String>) {
    let body = format!(
        r#"{{"symbols":[{{"symbol":"X","baseAsset":"BTC","quoteAsset":"USD",{rest},"filters":[{{"filterType":"PRICE_FILTER","tickSize":"0.1"}},{{"filterType":"LOT_SIZE","stepSize":"1"}}]}}]}}"#
    );
    let mut bench = Bench::<Binance>::new(id);
    let (mut listings, _) = bench.reference(&body).unwrap();
    let drift = bench.batch.drift.fields().map(|field| field.1.to_owned());
    (listings.remove(0), drift.collect())
}

#[test]
fn every_status_has_a_state_and_one_of_later_years_halts_and_is_told() {
    for (id, key, status, state, told) in [
        (SPOT, "status", "TRADING", TradingState::TRADING, false),
        (SPOT, "status", "END_OF_DAY", TradingState::HALTED, false),
        (SPOT, "status", "HALT", TradingState::HALTED, false),
        (SPOT, "status", "BREAK", TradingState::HALTED, false),
        (SPOT, "status", "CANCEL_ONLY", TradingState::HALTED, false),
        (SPOT, "status", "NEW", TradingState::HALTED, true),
        (
            USDM,
            "status",
            "PENDING_TRADING",
            TradingState::HALTED,
            false,
        ),
        (
            USDM,
            "status",
            "PRE_DELIVERING",
            TradingState::HALTED,
            false,
        ),
        (USDM, "status", "DELIVERING", TradingState::HALTED, false),
        (USDM, "status", "PRE_SETTLE", TradingState::HALTED, false),
        (USDM, "status", "DELIVERED", TradingState::CLOSED, false),
        (USDM, "status", "CLOSE", TradingState::CLOSED, false),
        (
            COINM,
            "contractStatus",
            "TRADING",
            TradingState::TRADING,
            false,
        ),
        (
            COINM,
            "contractStatus",
            "trading",
            TradingState::HALTED,
            true,
        ),
    ] {
        let (listing, drift) = listed(id, &format!(r#""{key}":"{status}""#));
        assert_eq!(listing.terms.state, state, "{status}");
        let expected = told.then(|| format!("status={status}"));
        assert_eq!(drift, Vec::from_iter(expected), "{status}");
    }
}

#[test]
fn every_contract_type_is_told_and_one_of_later_years_is_unknown() {
    let delivery = r#""deliveryDate":1774598400000"#;
    for (contract, usdm, coinm, told) in [
        (
            "PERPETUAL",
            InstrumentType::PERPETUAL,
            InstrumentType::INVERSE_PERPETUAL,
            false,
        ),
        (
            "TRADIFI_PERPETUAL",
            InstrumentType::PERPETUAL,
            InstrumentType::INVERSE_PERPETUAL,
            false,
        ),
        (
            "CURRENT_QUARTER",
            InstrumentType::FUTURE,
            InstrumentType::INVERSE_FUTURE,
            false,
        ),
        (
            "NEXT_MONTH",
            InstrumentType::FUTURE,
            InstrumentType::INVERSE_FUTURE,
            false,
        ),
        ("", InstrumentType::UNKNOWN, InstrumentType::UNKNOWN, false),
        (
            "WEEKLY",
            InstrumentType::UNKNOWN,
            InstrumentType::UNKNOWN,
            true,
        ),
    ] {
        for (id, expected) in [(USDM, usdm), (COINM, coinm)] {
            let rest = format!(r#""contractType":"{contract}",{delivery},"marginAsset":"BTC""#);
            let (listing, drift) = listed(id, &rest);
            assert_eq!(listing.terms.instrument_type, expected, "{contract}");
            assert_eq!(&*listing.settle, "BTC");
            assert_eq!(
                listing.terms.multiplier,
                (0, 0),
                "the venue does not tell it"
            );
            let expected = told.then(|| format!("contractType={contract}"));
            assert_eq!(drift, Vec::from_iter(expected));
        }
    }
    assert_eq!(&*listed(SPOT, r#""status":"TRADING""#).0.settle, "");
}
