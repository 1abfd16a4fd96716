//! exchangeInfo: what is listed, and how finely it is priced.

use crate::batch::{Batch, Drift, Item};
use crate::fixed::Fixed;
use crate::instrument::{Listing, Terms};
use crate::json::{Fields, Item as Json};
use crate::record::{InstrumentType, TradingState};
use crate::reject::Reject;
use crate::venue::VenueId;

/// Spot prices and quantities are always printed with 8 fraction digits.
const SPOT_EXP: i8 = -8;

pub(super) fn exchange_info(
    id: VenueId,
    object: &Fields<'_, '_>,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let object = object.distinct()?;
    if object.get("code").is_some() && object.get("msg").is_some() {
        return Err(Reject::VenueError);
    }
    for symbol in object.need("symbols")?.array("symbols")?.iter() {
        let listing = listing(id, &symbol.object("symbol")?.distinct()?, &mut batch.drift)?;
        batch.items.push(Item::Listing(listing));
    }
    Ok(())
}

fn listing(id: VenueId, symbol: &Fields<'_, '_>, drift: &mut Drift) -> Result<Listing, Reject> {
    let text = |key: &'static str| symbol.need(key).and_then(|item| item.text(key));
    let tick = increment(symbol, "PRICE_FILTER", "tickSize", drift)?;
    let lot = increment(symbol, "LOT_SIZE", "stepSize", drift)?;
    let spot = id == VenueId::BINANCE_SPOT;
    let settle = match symbol.get("marginAsset") {
        Some(asset) => asset.text("marginAsset")?,
        None => "",
    };
    let terms = Terms {
        tick: (tick.mantissa, tick.exp),
        lot: (lot.mantissa, lot.exp),
        contract_size: contract_size(symbol)?,
        expiry: expiry(symbol)?,
        state: state(symbol, drift)?,
        instrument_type: instrument_type(id, symbol, drift)?,
        ..Terms::UNKNOWN
    };
    Ok(Listing {
        symbol: text("symbol")?.into(),
        base: text("baseAsset")?.into(),
        quote: text("quoteAsset")?.into(),
        settle: settle.into(),
        px_exp: if spot { SPOT_EXP } else { tick.exp },
        qty_exp: if spot { SPOT_EXP } else { lot.exp },
        terms,
    })
}

/// A filter's increment, normalised so that its exponent is the number of digits that count.
/// Without the filter it is not known, which is counted.
fn increment(
    symbol: &Fields<'_, '_>,
    filter: &str,
    key: &'static str,
    drift: &mut Drift,
) -> Result<Fixed, Reject> {
    for held in symbol.need("filters")?.array("filters")?.iter() {
        let held = held.object("filter")?.distinct()?;
        if held.need("filterType")?.text("filterType")? == filter {
            return Ok(held.need(key)?.fixed(key)?.normalized());
        }
    }
    drift.unknown_value("exchangeInfo", "no filter", filter);
    Ok(Fixed::new(0, 0))
}

/// A status of later years is one in which trading cannot be relied on.
fn state(symbol: &Fields<'_, '_>, drift: &mut Drift) -> Result<TradingState, Reject> {
    let status = symbol
        .get("status")
        .or_else(|| symbol.get("contractStatus"));
    let Some(status) = status else {
        return Ok(TradingState::UNKNOWN);
    };
    Ok(match status.text("status")? {
        "TRADING" => TradingState::TRADING,
        "CLOSE" | "DELIVERED" | "SETTLING" => TradingState::CLOSED,
        "END_OF_DAY" | "HALT" | "BREAK" | "CANCEL_ONLY" | "PENDING_TRADING" | "PRE_DELIVERING"
        | "DELIVERING" | "PRE_SETTLE" => TradingState::HALTED,
        unknown => {
            drift.unknown_value("exchangeInfo", "status", unknown);
            TradingState::HALTED
        }
    })
}

/// A contract that is not fixed yet has the type `""`.
fn instrument_type(
    id: VenueId,
    symbol: &Fields<'_, '_>,
    drift: &mut Drift,
) -> Result<InstrumentType, Reject> {
    if id == VenueId::BINANCE_SPOT {
        return Ok(InstrumentType::SPOT);
    }
    let inverse = id == VenueId::BINANCE_COINM;
    let contract = match symbol.get("contractType") {
        Some(kind) => kind.text("contractType")?,
        None => "",
    };
    let dated = ["MONTH", "QUARTER"];
    Ok(match contract {
        "" => InstrumentType::UNKNOWN,
        kind if kind.contains("PERPETUAL") && inverse => InstrumentType::INVERSE_PERPETUAL,
        kind if kind.contains("PERPETUAL") => InstrumentType::PERPETUAL,
        kind if dated.iter().any(|word| kind.contains(word)) && inverse => {
            InstrumentType::INVERSE_FUTURE
        }
        kind if dated.iter().any(|word| kind.contains(word)) => InstrumentType::FUTURE,
        unknown => {
            drift.unknown_value("exchangeInfo", "contractType", unknown);
            InstrumentType::UNKNOWN
        }
    })
}

/// COIN-M: quote currency per contract (100 USD for BTC, 10 for the others).
fn contract_size(symbol: &Fields<'_, '_>) -> Result<(i64, i8), Reject> {
    let size = symbol
        .get("contractSize")
        .map(|size| size.fixed("contractSize"))
        .transpose()?;
    Ok(size.map_or((0, 0), |size| (size.mantissa, size.exp)))
}

/// Perpetuals carry a date in the year 2100: no expiry.
fn expiry(symbol: &Fields<'_, '_>) -> Result<i64, Reject> {
    const YEAR_2100: i64 = 4_102_444_800_000_000_000;
    let date = symbol
        .get("deliveryDate")
        .map(|date: Json<'_, '_>| date.epoch("deliveryDate"))
        .transpose()?;
    Ok(date.filter(|date| *date < YEAR_2100).unwrap_or(0))
}
