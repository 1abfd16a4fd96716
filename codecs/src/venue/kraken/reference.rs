//! The `instrument` channel: what is listed, and how finely it is priced.

use crate::batch::{Batch, Control, Drift, Item};
use crate::fixed::Fixed;
use crate::instrument::{Listing, Terms};
use crate::json::Fields;
use crate::record::{InstrumentType, TradingState};
use crate::reject::Reject;

/// Most decimals of a price or quantity; the venue's finest has 10.
const PLACES_MAX: i8 = 18;

/// Pairs; assets are not instruments. A snapshot carries all pairs, an update only what changed,
/// each pair in full. A pair that is delisted is no listing.
pub(super) fn listings(
    snapshot: bool,
    data: &Fields<'_, '_>,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let Some(pairs) = data.get("pairs") else {
        return Ok(());
    };
    batch.whole_list = snapshot;
    for pair in pairs.array("pairs")?.iter() {
        let listing = listing(&pair.object("pair")?.distinct()?, &mut batch.drift)?;
        if listing.terms.state == TradingState::CLOSED {
            batch.control(Control::Delisted(listing.symbol));
        } else {
            batch.items.push(Item::Listing(listing));
        }
    }
    Ok(())
}

fn listing(pair: &Fields<'_, '_>, drift: &mut Drift) -> Result<Listing, Reject> {
    let text = |key: &'static str| pair.need(key).and_then(|item| item.text(key));
    let increment = |key: &'static str| {
        pair.get(key)
            .map_or(Ok(Fixed::new(0, 0)), |item| item.fixed(key))
    };
    let (tick, lot) = (increment("price_increment")?, increment("qty_increment")?);
    let terms = Terms {
        tick: (tick.mantissa, tick.exp),
        lot: (lot.mantissa, lot.exp),
        state: state(text("status")?, drift),
        instrument_type: InstrumentType::SPOT,
        ..Terms::UNKNOWN
    };
    Ok(Listing {
        symbol: text("symbol")?.into(),
        base: text("base")?.into(),
        quote: text("quote")?.into(),
        settle: "".into(),
        px_exp: exp(pair, "price_precision")?,
        qty_exp: exp(pair, "qty_precision")?,
        terms,
    })
}

fn exp(pair: &Fields<'_, '_>, key: &'static str) -> Result<i8, Reject> {
    let places = pair.need(key)?.unsigned(key)?;
    match i8::try_from(places) {
        Ok(places) if places <= PLACES_MAX => Ok(-places),
        _ => Err(Reject::NumberRange(key)),
    }
}

/// What is not `online` is restricted in some way; a word that is new is taken as a restriction.
fn state(status: &str, drift: &mut Drift) -> TradingState {
    match status {
        "online" => TradingState::TRADING,
        "delisted" => TradingState::CLOSED,
        "cancel_only" | "post_only" | "limit_only" | "reduce_only" | "maintenance"
        | "work_in_progress" => TradingState::HALTED,
        new => {
            drift.unknown_value("instrument", "status", new);
            TradingState::HALTED
        }
    }
}
