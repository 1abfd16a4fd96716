//! The venue's own state: `system.status`.

use super::decode;
use crate::batch::{Batch, Control, Drift};
use crate::json::{Fields, Item as Json, fields, need};
use crate::reject::Reject;
use crate::venue::VenueId;

/// The market data service in `serviceTypes`.
const MARKET_DATA: u64 = 5;
/// Longest title that is kept, in bytes: they are headlines.
const TITLE_BYTES_MAX: usize = 256;

/// A message of `system.status`: each entry about this product becomes `<state>: <title>`. Work on
/// market data that is going on now is `maintenance`, the word of the other venues.
pub(super) fn read(id: VenueId, object: Fields<'_, '_>, batch: &mut Batch) -> Result<(), Reject> {
    fields!(object, batch.drift, "system.status.message" => {
        "topic" => _topic, "data" => data,
    }, known: "ts" | "type");
    let list = decode::bounded(need(data, "data")?.array("data")?)?;
    let mut told = false;
    for entry in list.iter() {
        let entry = entry.object("status")?;
        if let Some(state) = state(id, entry, &mut batch.drift)? {
            batch.control(Control::VenueState(state.into()));
            told = true;
        }
    }
    if !told {
        batch.control(Control::Ignored);
    }
    Ok(())
}

fn state(id: VenueId, entry: Fields<'_, '_>, drift: &mut Drift) -> Result<Option<String>, Reject> {
    fields!(entry, drift, "system.status" => {
        "title" => title, "state" => state, "serviceTypes" => services, "product" => products,
    }, known: "id" | "begin" | "end" | "href" | "uidSuffix" | "maintainType" | "env");
    let state = need(state, "state")?.text("state")?;
    if !matches!(state, "scheduled" | "ongoing" | "completed" | "canceled") {
        drift.unknown_value("system.status", "state", state);
    }
    if !names(products, "product", product(id))? {
        return Ok(None);
    }
    let data = names(services, "serviceTypes", MARKET_DATA)?;
    let word = if state == "ongoing" && data {
        "maintenance"
    } else {
        state
    };
    let title = title.map_or(Ok(""), |title| title.text("title"))?;
    let title = &title[..title.floor_char_boundary(TITLE_BYTES_MAX)];
    Ok(Some(format!("{word}: {title}")))
}

/// The product's number in `product`.
const fn product(id: VenueId) -> u64 {
    match id {
        VenueId::BYBIT_SPOT => 2,
        VenueId::BYBIT_OPTION => 3,
        _ => 1,
    }
}

/// Whether a list of numbers holds `wanted`; one that is empty or missing is about all.
fn names(list: Option<Json<'_, '_>>, field: &'static str, wanted: u64) -> Result<bool, Reject> {
    let Some(list) = list else { return Ok(true) };
    let list = list.array(field)?;
    for item in list.iter() {
        if item.unsigned(field)? == wanted {
            return Ok(true);
        }
    }
    Ok(list.is_empty())
}
