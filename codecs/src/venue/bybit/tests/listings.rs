//! Reference data.

use super::{INVERSE, LINEAR, OPTION, SPOT, drift, linear};
use crate::instrument::{Listing, Terms, canonical_name};
use crate::record::{InstrumentType, OptionRight, TradingState};
use crate::reject::Reject;
use crate::venue::bybit::Bybit;
use crate::venue::workbench::Bench;
use crate::venue::{StreamOptions, Venue, VenueId};

const LINEAR_LISTING: &str = r#"{"symbol":"BTCUSDT","symbolId":5,"contractType":"LinearPerpetual","status":"Trading","baseCoin":"BTC","quoteCoin":"USDT","launchTime":"1585526400000","deliveryTime":"0","deliveryFeeRate":"","priceScale":"2","leverageFilter":{"minLeverage":"1"},"priceFilter":{"minPrice":"0.10","maxPrice":"1999999.80","tickSize":"0.10"},"lotSizeFilter":{"maxOrderQty":"1190.000","minOrderQty":"0.001","qtyStep":"0.001"},"unifiedMarginTrade":true,"isPreListing":false,"preListingInfo":null}"#;

fn page(category: &str, listings: &str, cursor: &str) -> String {
    format!(
        r#"{{"retCode":0,"retMsg":"OK","result":{{"category":"{category}","list":[{listings}],"nextPageCursor":"{cursor}"}},"retExtInfo":{{}},"time":1672053054358}}"#
    )
}

#[test]
fn instruments_of_linear_come_in_pages() {
    let (listings, next) = linear()
        .reference(&page("linear", LINEAR_LISTING, "first%3DA%26last%3DB"))
        .unwrap();
    let known = &listings[0];
    assert_eq!(
        (&*known.symbol, &*known.base, &*known.quote),
        ("BTCUSDT", "BTC", "USDT")
    );
    assert_eq!(
        (known.px_exp, known.qty_exp),
        (-1, -3),
        "digits of the increments"
    );
    let expected = Terms {
        tick: (1, -1),
        lot: (1, -3),
        state: TradingState::TRADING,
        instrument_type: InstrumentType::PERPETUAL,
        ..Terms::UNKNOWN
    };
    assert_eq!(known.terms, expected);
    let venue = Bybit::new(LINEAR, StreamOptions::default());
    assert_eq!(
        venue
            .reference_query(next.as_deref())
            .map(|query| query.path)
            .as_deref(),
        Some("/v5/market/instruments-info?category=linear&limit=1000&cursor=first%3DA%26last%3DB")
    );
    assert_eq!(
        linear().reference(&page("linear", "", "")).unwrap(),
        (vec![], None)
    );
}

#[test]
fn every_contract_type_and_state_is_told() {
    for (contract, expected) in [
        ("LinearFutures", InstrumentType::FUTURE),
        ("InversePerpetual", InstrumentType::INVERSE_PERPETUAL),
        ("InverseFutures", InstrumentType::INVERSE_FUTURE),
        ("SomethingNew", InstrumentType::UNKNOWN),
    ] {
        let listing = LINEAR_LISTING.replace("LinearPerpetual", contract);
        let (listings, _) = linear().reference(&page("linear", &listing, "")).unwrap();
        assert_eq!(listings[0].terms.instrument_type, expected);
    }
    for (status, expected) in [
        ("PreLaunch", TradingState::HALTED),
        ("Delivering", TradingState::HALTED),
        ("Closed", TradingState::CLOSED),
    ] {
        let listing = LINEAR_LISTING.replace(r#""Trading""#, &format!(r#""{status}""#));
        let (listings, _) = linear().reference(&page("linear", &listing, "")).unwrap();
        assert_eq!(listings[0].terms.state, expected);
    }
    let dated =
        LINEAR_LISTING.replace(r#""deliveryTime":"0""#, r#""deliveryTime":"1740124800000""#);
    let (listings, _) = linear().reference(&page("linear", &dated, "")).unwrap();
    assert_eq!(listings[0].terms.expiry, 1_740_124_800_000_000_000);
}

#[test]
fn the_quantity_step_of_spot_is_its_base_precision() {
    let listing = r#"{"symbolId":9,"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","innovation":"0","status":"Trading","lotSizeFilter":{"basePrecision":"0.000001","quotePrecision":"0.0000001"},"priceFilter":{"tickSize":"0.1"}}"#;
    let (listings, _) = Bench::<Bybit>::new(SPOT)
        .reference(&page("spot", listing, ""))
        .unwrap();
    assert_eq!(listings[0].terms.lot, (1, -6));
    assert_eq!(listings[0].terms.instrument_type, InstrumentType::SPOT);
    assert_eq!(listings[0].terms.contract_size, (0, 0));
    assert_eq!(
        linear()
            .reference(&page("linear", listing, ""))
            .unwrap_err(),
        Reject::MissingField("qtyStep")
    );
}

#[test]
fn inverse_quantities_are_contracts_of_one_dollar() {
    let (listings, _) = Bench::<Bybit>::new(INVERSE)
        .reference(&page("inverse", LINEAR_LISTING, ""))
        .unwrap();
    assert_eq!(listings[0].terms.contract_size, (1, 0));
}

#[test]
fn an_error_answer_is_no_reference_data() {
    let body = r#"{"retCode":10001,"retMsg":"params error","result":{},"time":1}"#;
    assert_eq!(linear().reference(body).unwrap_err(), Reject::VenueError);
}

const OPTION_LISTING: &str = r#"{"symbol":"BTC-27MAR26-70000-P-USDT","status":"Trading","baseCoin":"BTC","quoteCoin":"USDT","settleCoin":"USDT","optionsType":"Put","launchTime":"1743669649256","deliveryTime":"1774598400000","deliveryFeeRate":"0.00015","priceFilter":{"minPrice":"5","maxPrice":"1110000","tickSize":"5"},"lotSizeFilter":{"maxOrderQty":"500","minOrderQty":"0.01","qtyStep":"0.01"},"displayName":"BTCUSDT-27MAR26-70000-P"}"#;

fn one(id: VenueId, listing: &str) -> (Listing, Vec<String>) {
    let mut bench = Bench::<Bybit>::new(id);
    let (mut listings, _) = bench.reference(&page("x", listing, "")).unwrap();
    assert_eq!(listings.len(), 1);
    (listings.remove(0), drift(&bench))
}

#[test]
fn an_option_has_its_strike_from_its_symbol_and_the_rest_from_fields() {
    let (listing, drift) = one(OPTION, OPTION_LISTING);
    let expected = Terms {
        tick: (5, 0),
        lot: (1, -2),
        strike: (70_000, 0),
        right: OptionRight::PUT,
        expiry: 1_774_598_400_000_000_000,
        state: TradingState::TRADING,
        instrument_type: InstrumentType::OPTION,
        ..Terms::UNKNOWN
    };
    assert_eq!(listing.terms, expected);
    assert_eq!(
        (&*listing.base, &*listing.quote, &*listing.settle),
        ("BTC", "USDT", "USDT")
    );
    assert_eq!(canonical_name(&listing), "BTC-USDT-OPT-20260327-70000-P");
    assert_eq!(drift, [""; 0]);
    let usdc = OPTION_LISTING
        .replace("BTC-27MAR26-70000-P-USDT", "XRP-27MAR26-0.55-C")
        .replace("Put", "Call");
    let (listing, _) = one(OPTION, &usdc);
    assert_eq!(
        (listing.terms.strike, listing.terms.right),
        ((55, -2), OptionRight::CALL)
    );
}

#[test]
fn an_option_whose_symbol_has_no_strike_has_none_and_is_counted() {
    for symbol in ["BTC", "BTC-27MAR26", "BTC-27MAR26-X-P", "BTC-27MAR26--5-P"] {
        let (listing, drift) = one(
            OPTION,
            &OPTION_LISTING.replace("BTC-27MAR26-70000-P-USDT", symbol),
        );
        assert_eq!(listing.terms.strike, (0, 0), "{symbol}");
        assert_eq!(canonical_name(&listing), "");
        assert_eq!(drift, ["instruments-info:symbol without strikex1"]);
    }
    let dashed = LINEAR_LISTING.replace(r#""BTCUSDT""#, r#""BTC-27MAR26-70000-P""#);
    assert_eq!(one(LINEAR, &dashed).0.terms.strike, (0, 0), "options only");
}

#[test]
fn new_states_kinds_and_fields_pass_and_are_counted() {
    for (id, known, from, to, expected) in [
        (
            LINEAR,
            LINEAR_LISTING,
            r#""Trading""#,
            r#""NEW""#,
            "status=NEW",
        ),
        (
            LINEAR,
            LINEAR_LISTING,
            "LinearPerpetual",
            "Prediction",
            "contractType=Prediction",
        ),
        (
            OPTION,
            OPTION_LISTING,
            "Put",
            "Chooser",
            "optionsType=Chooser",
        ),
        (
            LINEAR,
            LINEAR_LISTING,
            r#""symbolId":5"#,
            r#""newKey":5"#,
            "newKey",
        ),
    ] {
        let (listing, drift) = one(id, &known.replace(from, to));
        assert_eq!(drift, [format!("instruments-info:{expected}x1")]);
        let state = if expected == "status=NEW" {
            TradingState::HALTED
        } else {
            TradingState::TRADING
        };
        assert_eq!(listing.terms.state, state, "{expected}");
    }
    assert_eq!(one(LINEAR, LINEAR_LISTING).1, [""; 0]);
}

#[test]
fn the_currency_of_settlement_is_told_and_absent_on_spot() {
    let settled = LINEAR_LISTING.replace(r#""symbolId":5"#, r#""settleCoin":"USDT""#);
    assert_eq!(&*one(LINEAR, &settled).0.settle, "USDT");
    assert_eq!(&*one(LINEAR, LINEAR_LISTING).0.settle, "");
}

#[test]
fn a_last_page_may_have_an_empty_a_null_or_no_cursor() {
    let body = page("linear", LINEAR_LISTING, "");
    let null = body.replace(r#""nextPageCursor":"""#, r#""nextPageCursor":null"#);
    let none = body.replace(r#","nextPageCursor":"""#, "");
    for body in [&body, &null, &none] {
        assert_eq!(linear().reference(body).unwrap().1, None, "{body}");
    }
}
