//! instruments-info: what is listed, and how finely it is priced.

use super::rest;
use crate::batch::{Batch, Drift, Item};
use crate::fixed::Fixed;
use crate::instrument::{Listing, Terms};
use crate::json::Fields;
use crate::record::{InstrumentType, OptionRight, TradingState};
use crate::reject::Reject;
use crate::venue::VenueId;

/// Fields of a listing that were documented or seen until 2026-08.
const KNOWN: [&str; 32] = [
    "symbol",
    "symbolId",
    "contractType",
    "status",
    "baseCoin",
    "quoteCoin",
    "settleCoin",
    "optionsType",
    "launchTime",
    "deliveryTime",
    "deliveryFeeRate",
    "priceScale",
    "leverageFilter",
    "priceFilter",
    "lotSizeFilter",
    "unifiedMarginTrade",
    "fundingInterval",
    "copyTrading",
    "upperFundingRate",
    "lowerFundingRate",
    "isPreListing",
    "preListingInfo",
    "riskParameters",
    "symbolType",
    "displayName",
    "forbidUplWithdrawal",
    "innovation",
    "marginTrading",
    "stTag",
    "xstockMultiplier",
    "skipCallAuction",
    "isPublicRpi",
];

/// Reads one page; the cursor of the next, if there is one.
pub(super) fn instruments_info(
    id: VenueId,
    body: Fields<'_, '_>,
    batch: &mut Batch,
) -> Result<Option<String>, Reject> {
    let result = rest::result(body)?.distinct()?;
    for entry in result.need("list")?.array("list")?.iter() {
        let entry = entry.object("instrument")?.distinct()?;
        let listing = listing(id, entry, &mut batch.drift)?;
        batch.items.push(Item::Listing(listing));
    }
    rest::next_page(result)
}

fn listing(id: VenueId, entry: Fields<'_, '_>, drift: &mut Drift) -> Result<Listing, Reject> {
    for (key, _) in entry.iter().filter(|(key, _)| !KNOWN.contains(key)) {
        drift.unknown_field("instruments-info", key);
    }
    let text = |key: &'static str| entry.need(key).and_then(|item| item.text(key));
    let symbol = text("symbol")?;
    let tick = increment(entry, "priceFilter", "tickSize")?;
    let step = if id == VenueId::BYBIT_SPOT {
        "basePrecision"
    } else {
        "qtyStep"
    };
    let lot = increment(entry, "lotSizeFilter", step)?;
    let terms = Terms {
        tick: (tick.mantissa, tick.exp),
        lot: (lot.mantissa, lot.exp),
        contract_size: if id == VenueId::BYBIT_INVERSE {
            (1, 0)
        } else {
            (0, 0)
        },
        expiry: delivery(entry)?,
        state: state(text("status")?, drift),
        instrument_type: instrument_type(id, optional(entry, "contractType")?, drift),
        ..Terms::UNKNOWN
    };
    Ok(Listing {
        symbol: symbol.into(),
        base: text("baseCoin")?.into(),
        quote: text("quoteCoin")?.into(),
        settle: optional(entry, "settleCoin")?.unwrap_or("").into(),
        px_exp: tick.exp,
        qty_exp: lot.exp,
        terms: if id == VenueId::BYBIT_OPTION {
            let right = right(text("optionsType")?, drift);
            let strike = strike(symbol, drift);
            Terms {
                right,
                strike,
                ..terms
            }
        } else {
            terms
        },
    })
}

/// The text of a field that some products leave out or empty.
fn optional<'f>(entry: Fields<'_, 'f>, key: &'static str) -> Result<Option<&'f str>, Reject> {
    match entry.get(key) {
        Some(item) if !item.is_null() => item
            .text(key)
            .map(|text| (!text.is_empty()).then_some(text)),
        _ => Ok(None),
    }
}

/// Delivery of futures and options, or when a perpetual is to be delisted; 0 = neither.
fn delivery(entry: Fields<'_, '_>) -> Result<i64, Reject> {
    match (optional(entry, "deliveryTime")?, entry.get("deliveryTime")) {
        (Some(_), Some(time)) => time.epoch("deliveryTime"),
        _ => Ok(0),
    }
}

fn increment(
    entry: Fields<'_, '_>,
    filter: &'static str,
    key: &'static str,
) -> Result<Fixed, Reject> {
    let filter = entry.need(filter)?.object(filter)?.distinct()?;
    Ok(filter.need(key)?.fixed(key)?.normalized())
}

/// A state that is not documented is taken for one without trading.
fn state(status: &str, drift: &mut Drift) -> TradingState {
    match status {
        "Trading" => TradingState::TRADING,
        "Closed" => TradingState::CLOSED,
        "PreLaunch" | "PendingOpen" | "Delivering" => TradingState::HALTED,
        new => {
            drift.unknown_value("instruments-info", "status", new);
            TradingState::HALTED
        }
    }
}

fn instrument_type(id: VenueId, contract: Option<&str>, drift: &mut Drift) -> InstrumentType {
    match contract {
        None if id == VenueId::BYBIT_OPTION => InstrumentType::OPTION,
        None if id == VenueId::BYBIT_SPOT => InstrumentType::SPOT,
        None => InstrumentType::UNKNOWN,
        Some("LinearPerpetual") => InstrumentType::PERPETUAL,
        Some("LinearFutures") => InstrumentType::FUTURE,
        Some("InversePerpetual") => InstrumentType::INVERSE_PERPETUAL,
        Some("InverseFutures") => InstrumentType::INVERSE_FUTURE,
        Some(new) => {
            drift.unknown_value("instruments-info", "contractType", new);
            InstrumentType::UNKNOWN
        }
    }
}

fn right(options_type: &str, drift: &mut Drift) -> OptionRight {
    match options_type {
        "Call" => OptionRight::CALL,
        "Put" => OptionRight::PUT,
        new => {
            drift.unknown_value("instruments-info", "optionsType", new);
            OptionRight::NONE
        }
    }
}

/// The third part of an option's symbol (`BTC-27MAR26-70000-P-USDT`): the only place where this
/// venue tells the strike (rule Y8).
fn strike(symbol: &str, drift: &mut Drift) -> (i64, i8) {
    let text = symbol.split('-').nth(2).unwrap_or("");
    match Fixed::parse(text.as_bytes()) {
        Ok(strike) if strike.mantissa > 0 => {
            let strike = strike.normalized();
            (strike.mantissa, strike.exp)
        }
        _ => {
            drift.unknown_field("instruments-info", "symbol without strike");
            (0, 0)
        }
    }
}
