//! Reference data, states of lines and venues, and what was missed.

use feedd_codecs::record::{ABSENT, Gap, Header, InstrumentHead, InstrumentText, StatusHead};

use super::super::columns::{Columns, TableRow};

impl TableRow for (&InstrumentHead, InstrumentText<'_>) {
    fn header(&self) -> &Header {
        &self.0.header
    }

    fn columns(columns: &mut Columns<'_, Self>) {
        columns.name("change", |(head, _)| Some(head.change.name()));
        columns.text("base", |(_, text)| told(text.base));
        columns.text("quote", |(_, text)| told(text.quote));
        columns.text("settle", |(_, text)| told(text.settle));
        columns.text("name", |(_, text)| told(text.name));
        columns.number("tick", |(head, _)| increment(head.tick, head.px_exp));
        columns.number("lot", |(head, _)| increment(head.lot, head.qty_exp));
        columns.exponent("price_exp", |(head, _)| head.px_exp);
        columns.exponent("qty_exp", |(head, _)| head.qty_exp);
        columns.name("state", |(head, _)| Some(head.state.name()));
        columns.name("type", |(head, _)| Some(head.instrument_type.name()));
        columns.given_stamp("expiry", |(head, _)| head.expiry);
        columns.number("contract_size", |(head, _)| {
            increment(head.contract_size, head.contract_exp)
        });
        columns.exponent("contract_size_exp", |(head, _)| head.contract_exp);
        columns.number("strike", |(head, _)| {
            increment(head.strike, head.strike_exp)
        });
        columns.exponent("strike_exp", |(head, _)| head.strike_exp);
        columns.name("right", |(head, _)| {
            Some(head.right.name()).filter(|right| *right != "none")
        });
        columns.number("multiplier", |(head, _)| {
            increment(head.multiplier, head.multiplier_exp)
        });
        columns.exponent("multiplier_exp", |(head, _)| head.multiplier_exp);
        columns.word("generation", |(head, _)| Some(head.generation));
    }
}

/// A text that is empty where not known.
fn told(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A number that is 0 where not known.
const fn increment(mantissa: i64, exp: i8) -> (i64, i8) {
    (if mantissa == 0 { ABSENT } else { mantissa }, exp)
}

impl TableRow for (&StatusHead, &str) {
    fn header(&self) -> &Header {
        &self.0.header
    }

    fn columns(columns: &mut Columns<'_, Self>) {
        columns.name("channel", |(head, _)| Some(head.channel.name()));
        columns.name("code", |(head, _)| Some(head.code.name()));
        columns.text("text", |(_, text)| Some(text.to_owned()));
    }
}

impl TableRow for &Gap {
    fn header(&self) -> &Header {
        &self.header
    }

    fn columns(columns: &mut Columns<'_, Self>) {
        columns.name("channel", |gap| Some(gap.channel.name()));
        columns.name("cause", |gap| Some(gap.cause.name()));
        columns.name("end", |gap| Some(gap.end.name()));
        columns.given("first_seq", |gap| gap.first_seq);
        columns.given("last_seq", |gap| gap.last_seq);
        columns.given_stamp("ts_open", |gap| gap.ts_open);
        columns.given_stamp("ts_good", |gap| gap.ts_good);
        columns.given("missing", |gap| gap.missing);
    }
}
