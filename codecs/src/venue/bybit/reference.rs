//! instruments-info: what is listed, and how finely it is priced.

use crate::batch::{Batch, Item};
use crate::fixed::Fixed;
use crate::instrument::{Listing, Terms};
use crate::json::Fields;
use crate::record::{InstrumentType, TradingState};
use crate::reject::Reject;
use crate::venue::VenueId;

/// Reads one page; the cursor of the next, if there is one.
pub(super) fn instruments_info(
    id: VenueId,
    object: &Fields<'_, '_>,
    batch: &mut Batch,
) -> Result<Option<String>, Reject> {
    let object = object.distinct()?;
    if object.need("retCode")?.text("retCode")? != "0" {
        return Err(Reject::VenueError);
    }
    let result = object.need("result")?.object("result")?.distinct()?;
    for entry in result.need("list")?.array("list")?.iter() {
        let listing = listing(id, &entry.object("instrument")?.distinct()?)?;
        batch.items.push(Item::Listing(listing));
    }
    let cursor = result
        .get("nextPageCursor")
        .map(|cursor| cursor.text("nextPageCursor"))
        .transpose()?;
    Ok(cursor
        .filter(|cursor| !cursor.is_empty())
        .map(str::to_owned))
}

fn listing(id: VenueId, entry: &Fields<'_, '_>) -> Result<Listing, Reject> {
    let text = |key: &'static str| entry.need(key).and_then(|item| item.text(key));
    let tick = increment(entry, "priceFilter", "tickSize")?;
    let step = if id == VenueId::BYBIT_SPOT {
        "basePrecision"
    } else {
        "qtyStep"
    };
    let lot = increment(entry, "lotSizeFilter", step)?;
    let instrument_type = instrument_type(entry)?;
    let terms = Terms {
        tick: (tick.mantissa, tick.exp),
        lot: (lot.mantissa, lot.exp),
        contract_size: if id == VenueId::BYBIT_INVERSE {
            (1, 0)
        } else {
            (0, 0)
        },
        expiry: entry
            .get("deliveryTime")
            .map_or(Ok(0), |time| time.epoch("deliveryTime"))?,
        state: match text("status")? {
            "Trading" => TradingState::TRADING,
            "Closed" => TradingState::CLOSED,
            _ => TradingState::HALTED,
        },
        instrument_type,
        ..Terms::UNKNOWN
    };
    Ok(Listing {
        symbol: text("symbol")?.into(),
        base: text("baseCoin")?.into(),
        quote: text("quoteCoin")?.into(),
        settle: "".into(),
        px_exp: tick.exp,
        qty_exp: lot.exp,
        terms,
    })
}

fn increment(
    entry: &Fields<'_, '_>,
    filter: &'static str,
    key: &'static str,
) -> Result<Fixed, Reject> {
    let filter = entry.need(filter)?.object(filter)?.distinct()?;
    Ok(filter.need(key)?.fixed(key)?.normalized())
}

fn instrument_type(entry: &Fields<'_, '_>) -> Result<InstrumentType, Reject> {
    let contract = entry
        .get("contractType")
        .map(|kind| kind.text("contractType"))
        .transpose()?;
    Ok(match contract {
        None => InstrumentType::SPOT,
        Some("LinearPerpetual") => InstrumentType::PERPETUAL,
        Some("LinearFutures") => InstrumentType::FUTURE,
        Some("InversePerpetual") => InstrumentType::INVERSE_PERPETUAL,
        Some("InverseFutures") => InstrumentType::INVERSE_FUTURE,
        Some(_) => InstrumentType::UNKNOWN,
    })
}
