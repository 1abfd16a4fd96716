//! Trades: each once, as it was made, unless a gap tells of it.

use std::collections::HashMap;

use feedd_codecs::VenueId;
use feedd_codecs::record::Flags;
use feedd_codecs::venue::Channel;

use super::exact::{Exact, shown};
use super::gaps::{Span, check_ends};
use super::journal::{At, Deal};
use super::quarantine::Quarantine;
use super::report::{Kind, StreamReport};
use super::tape::{Fate, TapeTrade};

/// What a stream's trades are judged by besides the two lists.
#[derive(Debug)]
pub(super) struct Circumstances<'a> {
    pub(super) venue: VenueId,
    pub(super) channel: Channel,
    pub(super) fate: Option<&'a Fate>,
    pub(super) spans: &'a [Span],
    pub(super) quarantine: &'a Quarantine,
    /// What was made later may be on its way when the journal ends.
    pub(super) end: i64,
}

/// Compares; counts go to `report`.
pub(super) fn compare(
    tape: &[TapeTrade],
    journal: &[At<Deal>],
    around: &Circumstances<'_>,
    report: &mut StreamReport,
) {
    let live = journal
        .iter()
        .filter(|deal| !deal.flags.contains(Flags::BACKFILL));
    check_ends(around.spans, live.map(|deal| deal.seq).max(), report);
    report.journal = journal.len() as u64;
    let mut found = Found::new(tape);
    for deal in journal {
        found.take(tape, deal, around, report);
    }
    let Some(first) = found.taken.iter().position(Option::is_some) else {
        return;
    };
    let in_time = |trade: &&TapeTrade| trade.at <= around.end;
    report.tape = tape[first..].iter().filter(in_time).count() as u64;
    for (place, trade) in tape.iter().enumerate().skip(first) {
        if found.taken[place].is_none() && in_time(&trade) {
            absent(place, trade, &found, around, report);
        }
    }
}

/// Which trades of the tape the journal has.
struct Found<'a> {
    places: HashMap<&'a str, Vec<usize>>,
    /// Receive stamp of the record, by place on the tape.
    taken: Vec<Option<i64>>,
}

impl<'a> Found<'a> {
    fn new(tape: &'a [TapeTrade]) -> Self {
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, trade) in tape.iter().enumerate() {
            places.entry(&trade.id).or_default().push(place);
        }
        Self {
            places,
            taken: vec![None; tape.len()],
        }
    }

    fn take(
        &mut self,
        tape: &[TapeTrade],
        deal: &At<Deal>,
        around: &Circumstances<'_>,
        report: &mut StreamReport,
    ) {
        let own = &deal.what;
        let places = self
            .places
            .get(own.id.as_str())
            .map_or(&[][..], Vec::as_slice);
        let free = |place: &&usize| self.taken[**place].is_none();
        let equal = places
            .iter()
            .filter(free)
            .find(|place| same(&tape[**place], own));
        if let Some(place) = equal.copied() {
            self.taken[place] = Some(deal.ts_recv);
            report.equal += 1;
            return;
        }
        if let Some(place) = places.iter().find(free).copied() {
            self.taken[place] = Some(deal.ts_recv);
            if around.altered(tape[place].seq) {
                report.altered += 1;
            } else {
                report.differs(Kind::Wrong, Some(deal.seq), Some(tape[place].line), || {
                    format!(
                        "trade {}: {}, published {}",
                        own.id,
                        told(own),
                        made(&tape[place])
                    )
                });
            }
        } else if let Some(place) = places.first() {
            report.differs(
                Kind::Duplicate,
                Some(deal.seq),
                Some(tape[*place].line),
                || format!("trade {} once more", own.id),
            );
        } else if around.was_sent(&own.id) {
            report.altered += 1;
        } else {
            report.differs(Kind::Extra, Some(deal.seq), None, || {
                format!("trade {} ({}) was never made", own.id, told(own))
            });
        }
    }

    /// Whether the trade at `place` came after the last one that was good before the gap.
    fn is_after(&self, place: usize, span: &Span) -> bool {
        let good = span.opened.ts_good;
        !self.taken[place..]
            .iter()
            .flatten()
            .any(|received| good != 0 && *received <= good)
    }
}

fn absent(
    place: usize,
    trade: &TapeTrade,
    found: &Found<'_>,
    around: &Circumstances<'_>,
    report: &mut StreamReport,
) {
    let in_gap = around
        .spans
        .iter()
        .any(|span| span.tells_of(trade.seq, trade.at, found.is_after(place, span)));
    if in_gap {
        report.in_gaps += 1;
    } else if around.is_quarantined(trade) {
        report.quarantined += 1;
    } else if around.is_untraceable(trade) {
        report.untraceable += 1;
    } else {
        report.differs(Kind::Missing, None, Some(trade.line), || {
            format!("trade {} number {} ({})", trade.id, trade.seq, made(trade))
        });
    }
}

impl Circumstances<'_> {
    fn sent_as(&self, number: u64) -> impl Iterator<Item = &str> {
        self.fate
            .into_iter()
            .flat_map(move |fate| fate.sent_as(number))
    }

    /// Whether a fault changed the message with that number.
    fn altered(&self, number: u64) -> bool {
        self.sent_as(number).next().is_some()
    }

    /// Whether a fault sent a message that holds that id.
    fn was_sent(&self, id: &str) -> bool {
        let touched = self.fate.map_or(&[][..], |fate| &fate.touched);
        let mut sent = touched.iter().filter_map(|touched| touched.sent.as_deref());
        sent.any(|text| text.contains(id))
    }

    /// Whether the message, as a fault made it, is in the quarantine.
    fn is_quarantined(&self, trade: &TapeTrade) -> bool {
        self.sent_as(trade.seq)
            .any(|sent| self.quarantine.holds(sent))
    }

    /// Whether nothing that was received can tell of the trade: the venue does not number its
    /// trades, and every line that carried the stream was kept from it.
    fn is_untraceable(&self, trade: &TapeTrade) -> bool {
        if !is_unnumbered(self.venue, self.channel) {
            return false;
        }
        self.fate.is_some_and(|fate| {
            fate.is_kept_from_all((trade.seq, trade.at), None, |one| one.withheld)
        })
    }
}

/// Whether the venue gives trades ids without order.
fn is_unnumbered(venue: VenueId, channel: Channel) -> bool {
    venue.to_string().starts_with("bybit") && channel == Channel::TRADE
}

fn same(trade: &TapeTrade, deal: &Deal) -> bool {
    let known = trade.px.is_some() && trade.qty.is_some();
    known && trade.px == deal.px && trade.qty == deal.qty && trade.side == deal.side
}

fn value(value: Option<Exact>) -> String {
    value.map_or_else(|| "?".to_owned(), shown)
}

fn told(deal: &Deal) -> String {
    format!("{} {} at {}", deal.side, value(deal.qty), value(deal.px))
}

fn made(trade: &TapeTrade) -> String {
    format!("{} {} at {}", trade.side, value(trade.qty), value(trade.px))
}
