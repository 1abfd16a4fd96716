//! Which columns each kind of record has: reference data, status and gaps.

use feedd_codecs::fixed::Fixed;
use feedd_codecs::record::{Gap, InstrumentHead, InstrumentText, StatusHead};
use feedd_storage::sink::Row;

use super::line::{Line, Written};

pub(super) fn write_instrument(
    line: &mut Line<'_>,
    row: &Row<'_>,
    head: &InstrumentHead,
    text: &InstrumentText<'_>,
) -> Written {
    line.symbol("name", text.name)?
        .symbol("change", head.change.name())?
        .symbol("state", head.state.name())?
        .symbol("type", head.instrument_type.name())?
        .symbol("base", text.base)?
        .symbol("quote", text.quote)?
        .symbol("settle", text.settle)?
        .symbol("option_right", head.right.name())?
        .stamp("expiry", head.expiry)?;
    let terms = [
        ("tick_d", head.tick, head.px_exp),
        ("lot_d", head.lot, head.qty_exp),
        ("contract_size_d", head.contract_size, head.contract_exp),
        ("strike_d", head.strike, head.strike_exp),
        ("multiplier_d", head.multiplier, head.multiplier_exp),
    ];
    // 0 says that the venue does not tell it.
    for (name, mantissa, exp) in terms.into_iter().filter(|term| term.1 != 0) {
        line.exact(name, Fixed::new(mantissa, exp))?;
    }
    line.whole("px_exp", i64::from(head.px_exp))?
        .whole("qty_exp", i64::from(head.qty_exp))?
        .whole("generation", i64::from(head.generation))?
        .end(row)
}

pub(super) fn write_status(
    line: &mut Line<'_>,
    row: &Row<'_>,
    head: &StatusHead,
    text: &str,
) -> Written {
    line.symbol("channel", head.channel.name())?
        .symbol("code", head.code.name())?
        .whole("line", i64::from(head.header.line))?
        .text("text", text)?
        .end(row)
}

pub(super) fn write_gap(line: &mut Line<'_>, row: &Row<'_>, gap: &Gap) -> Written {
    line.symbol("channel", gap.channel.name())?
        .symbol("cause", gap.cause.name())?
        .symbol("ended_by", gap.end.name())?
        .whole("line", i64::from(gap.header.line))?
        .id("first_seq", gap.first_seq)?
        .id("last_seq", gap.last_seq)?
        .id("missing", gap.missing)?
        .stamp("ts_open", gap.ts_open)?
        .stamp("ts_good", gap.ts_good)?
        .end(row)
}
