//! `instruments`: what is listed, and how finely it is priced.

use crate::batch::{Batch, Drift, Item as Message};
use crate::fixed::Fixed;
use crate::instrument::{Listing, Terms};
use crate::json::{Fields, Item};
use crate::record::{InstrumentType, TradingState};
use crate::reject::Reject;
use crate::venue::kraken::rest::currency;

/// Most decimals of a quantity, either way.
const PRECISION_MAX: i8 = 18;

/// Reads all instruments; what has no tick (indices) is not traded and not listed.
pub(super) fn instruments(body: Item<'_, '_>, batch: &mut Batch) -> Result<(), Reject> {
    let body = super::rest::result(body)?;
    for entry in body.need("instruments")?.array("instruments")?.iter() {
        let entry = entry.object("instrument")?.distinct()?;
        if present(&entry, "tickSize").is_some() {
            let listing = listing(&entry, &mut batch.drift)?;
            batch.items.push(Message::Listing(listing));
        }
    }
    Ok(())
}

/// A field that is there and not `null`.
fn present<'t, 'f>(entry: &Fields<'t, 'f>, key: &str) -> Option<Item<'t, 'f>> {
    entry.get(key).filter(|item| !item.is_null())
}

fn listing(entry: &Fields<'_, '_>, drift: &mut Drift) -> Result<Listing, Reject> {
    // Bodies of 2021 name neither currency nor precision.
    let name = |key: &'static str| {
        let name = present(entry, key).map_or(Ok(""), |item| item.text(key))?;
        Ok::<&str, Reject>(currency(name))
    };
    let (base, quote) = (name("base")?, name("quote")?);
    let kind = kind(entry, drift)?;
    let tick = entry.need("tickSize")?.fixed("tickSize")?.normalized();
    let qty_exp = qty_exp(entry)?;
    let expiry = present(entry, "lastTradingTime");
    let expiry = expiry.map_or(Ok(0), |time| time.rfc3339("lastTradingTime"))?;
    let size = entry.need("contractSize")?.fixed("contractSize")?;
    let none = Fixed::new(0, 0);
    let (contract, multiplier, settle) = match kind {
        Contract::Inverse => (size, none, base),
        Contract::Linear | Contract::Unknown => (none, size, quote),
    };
    let terms = Terms {
        tick: (tick.mantissa, tick.exp),
        lot: (1, qty_exp),
        contract_size: (contract.mantissa, contract.exp),
        multiplier: (multiplier.mantissa, multiplier.exp),
        expiry,
        state: state(entry)?,
        instrument_type: kind.of(expiry != 0),
        ..Terms::UNKNOWN
    };
    let symbol = entry.need("symbol")?.text("symbol")?;
    Ok(Listing {
        symbol: symbol.to_ascii_uppercase().into(),
        base: base.into(),
        quote: quote.into(),
        settle: settle.into(),
        px_exp: tick.exp,
        qty_exp,
        terms,
    })
}

/// How a contract is settled.
#[derive(Clone, Copy)]
enum Contract {
    Inverse,
    Linear,
    Unknown,
}

impl Contract {
    const fn of(self, dated: bool) -> InstrumentType {
        match (self, dated) {
            (Self::Inverse, false) => InstrumentType::INVERSE_PERPETUAL,
            (Self::Inverse, true) => InstrumentType::INVERSE_FUTURE,
            (Self::Linear, false) => InstrumentType::PERPETUAL,
            (Self::Linear, true) => InstrumentType::FUTURE,
            (Self::Unknown, _) => InstrumentType::UNKNOWN,
        }
    }
}

fn kind(entry: &Fields<'_, '_>, drift: &mut Drift) -> Result<Contract, Reject> {
    Ok(match entry.need("type")?.text("type")? {
        "futures_inverse" => Contract::Inverse,
        "flexible_futures" | "futures_vanilla" => Contract::Linear,
        new => {
            drift.unknown_value("instruments", "type", new);
            Contract::Unknown
        }
    })
}

/// Rule 8: decimals of a quantity; below zero it is a multiple of a power of ten.
fn qty_exp(entry: &Fields<'_, '_>) -> Result<i8, Reject> {
    const KEY: &str = "contractValueTradePrecision";
    let precision = present(entry, KEY).map_or(Ok(Fixed::new(0, 0)), |item| item.fixed(KEY))?;
    let decimals = precision.at(0).and_then(|value| i8::try_from(value).ok());
    decimals
        .filter(|decimals| (-PRECISION_MAX..=PRECISION_MAX).contains(decimals))
        .map(|decimals| -decimals)
        .ok_or(Reject::NumberRange(KEY))
}

fn state(entry: &Fields<'_, '_>) -> Result<TradingState, Reject> {
    let flag = |key: &'static str| present(entry, key).map_or(Ok(false), |item| item.boolean(key));
    let tradeable = entry.need("tradeable")?.boolean("tradeable")?;
    Ok(match (flag("isExpired")?, flag("postOnly")?) {
        (true, _) => TradingState::CLOSED,
        (false, false) if tradeable => TradingState::TRADING,
        (false, _) => TradingState::HALTED,
    })
}
