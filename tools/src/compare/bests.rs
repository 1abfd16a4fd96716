//! Best prices: every record is a message of the tape, in the order of the tape unless it says that
//! it is late, and once.

use std::collections::HashMap;

use feedd_codecs::record::Flags;

use super::journal::{At, Best};
use super::report::{Kind, StreamReport};
use super::tape::{Fate, TapeBest};

/// What two messages of best prices are equal by.
type Said = (Option<(i128, i128)>, Option<(i128, i128)>);

/// Compares; counts go to `report`.
pub(super) fn compare(
    tape: &[TapeBest],
    journal: &[At<Best>],
    fate: Option<&Fate>,
    end: i64,
    report: &mut StreamReport,
) {
    let mut places: HashMap<Said, Vec<usize>> = HashMap::new();
    for (place, best) in tape.iter().enumerate() {
        places.entry((best.bid, best.ask)).or_default().push(place);
    }
    report.tape = tape.iter().filter(|best| best.at <= end).count() as u64;
    report.journal = journal.len() as u64;
    let mut next = 0;
    let mut taken = vec![false; tape.len()];
    for record in journal {
        let said = (record.what.bid, record.what.ask);
        let own = |place: &&usize| fits(&tape[**place], record);
        let known = places.get(&said).map_or(&[][..], Vec::as_slice);
        if record.flags.contains(Flags::LATE)
            && let Some(place) = known.iter().filter(own).find(|place| !taken[**place])
        {
            taken[*place] = true;
            report.equal += 1;
            continue;
        }
        match known.iter().filter(own).find(|place| **place >= next) {
            Some(place) => {
                next = place + 1;
                taken[*place] = true;
                report.equal += 1;
            }
            None => odd(
                record,
                known.iter().rfind(own).map(|at| &tape[*at]),
                fate,
                report,
            ),
        }
    }
}

/// Where the venue numbers its messages, the number belongs to what is said.
fn fits(best: &TapeBest, record: &At<Best>) -> bool {
    best.number
        .is_none_or(|number| record.number == 0 || record.number == number)
}

fn odd(
    record: &At<Best>,
    known: Option<&TapeBest>,
    fate: Option<&Fate>,
    report: &mut StreamReport,
) {
    let altered = fate.is_some_and(|fate| {
        let mut sent = fate.touched.iter().filter(|touched| touched.sent.is_some());
        sent.any(|touched| touched.at <= record.ts_recv)
    });
    match known {
        Some(best) => report.differs(Kind::Order, Some(record.seq), Some(best.line), || {
            format!(
                "best prices {} once more, or after later ones",
                record.number
            )
        }),
        None if altered => report.altered += 1,
        None => report.differs(Kind::Extra, Some(record.seq), None, || {
            format!("best prices {} were never published", record.number)
        }),
    }
}
