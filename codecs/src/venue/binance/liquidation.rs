//! Liquidations (`forceOrder`).

use crate::batch::{Batch, Item};
use crate::instrument::Instruments;
use crate::json::{Fields, fields, need};
use crate::record::{Liquidation, Side};
use crate::reject::Reject;
use crate::venue::levels::Scale;

/// The side is that of the closing order: `SELL` closes a long position.
pub(super) fn decode(
    object: &Fields<'_, '_>,
    instruments: &mut Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "forceOrder" => {
        "e" => _event, "E" => sent, "o" => order,
    }, known: "st" | "ps");
    let order = need(order, "o")?.object("o")?;
    fields!(order, batch.drift, "forceOrder" => {
        "s" => symbol, "S" => side, "p" => px, "ap" => avg_px, "q" => qty, "z" => filled, "T" => time,
    }, known: "o" | "f" | "X" | "l" | "st" | "ps");
    let instrument = instruments.resolve(need(symbol, "s")?.text("s")?)?;
    let side = match need(side, "S")?.text("S")? {
        "BUY" => Side::BUY,
        "SELL" => Side::SELL,
        _ => return Err(Reject::InvalidSide("S")),
    };
    let mut scale = Scale::of(instruments.get(instrument));
    let mut found = Liquidation::new(instrument, side, 0, 0);
    found.px = scale.px(need(px, "p")?, "p", &mut [])?;
    if let Some(avg_px) = avg_px {
        found.avg_px = scale.px(avg_px, "ap", std::slice::from_mut(&mut found.px))?;
    }
    found.qty = scale.qty(need(qty, "q")?, "q", &mut [])?;
    if let Some(filled) = filled {
        found.filled_qty = scale.qty(filled, "z", std::slice::from_mut(&mut found.qty))?;
    }
    (found.px_exp, found.qty_exp) = (scale.px_exp, scale.qty_exp);
    found.header.ts_send = need(sent, "E")?.epoch("E")?;
    found.header.ts_venue = need(time, "T")?.epoch("T")?;
    batch.items.push(Item::Liquidation(found));
    Ok(())
}
