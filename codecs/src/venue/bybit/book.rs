//! The continuity rule; numbers are those of this folder's `README.md`.

use crate::record::BookHead;
use crate::venue::{Follow, Held};

/// Rules 2 to 4.
pub(super) const fn follow(held: Held, update: &BookHead) -> Follow {
    let Some(seq) = held.seq else {
        return Follow::Apply;
    };
    match update.header.seq.checked_sub(seq) {
        Some(0) => Follow::Stale,
        Some(1) => Follow::Apply,
        Some(_) => Follow::Gap,
        None if restarted(held, update) => Follow::Gap,
        None => Follow::Stale,
    }
}

/// Rule 4: an older `u` with a newer cross sequence, or `u` = 1, belongs to a numbering whose first
/// snapshot was missed.
const fn restarted(held: Held, update: &BookHead) -> bool {
    update.header.seq == 1 || update.cross_seq > held.cross_seq
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::InstrumentId;
    use crate::record::Kind;

    #[test]
    fn rules_by_number() {
        for (rule, seq, cross_seq, expected) in [
            ("2: u + 1", 101, 5001, Follow::Apply),
            ("2: u + 1, old recording", 101, 0, Follow::Apply),
            ("2: u + 2", 102, 5002, Follow::Gap),
            ("2: largest u", u64::MAX, 5003, Follow::Gap),
            ("3: repeated", 100, 5000, Follow::Stale),
            ("3: older", 99, 4999, Follow::Stale),
            ("3: older, old recording", 99, 0, Follow::Stale),
            ("4: restart", 1, 5001, Follow::Gap),
            ("4: restart, old recording", 1, 0, Follow::Gap),
            ("4: after a restart", 7, 5001, Follow::Gap),
        ] {
            let mut head = BookHead::new(Kind::BookDelta, InstrumentId::NONE, 0, 0);
            (head.header.seq, head.cross_seq) = (seq, cross_seq);
            let held = Held {
                seq: Some(100),
                cross_seq: 5000,
                joined: true,
            };
            assert_eq!(follow(held, &head), expected, "{rule}");
        }
    }
}
