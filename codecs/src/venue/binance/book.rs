//! The continuity rules; numbers are those of this folder's `README.md`.

use crate::record::BookHead;
use crate::venue::{Follow, Held};

/// Spot, rules 4 to 7. The rule of the first event and that of the later ones agree: the event
/// must contain the id after the book's.
pub(super) const fn follow_spot(held: Held, update: &BookHead) -> Follow {
    let Some(seq) = held.seq else {
        return Follow::Apply;
    };
    if update.header.seq <= seq {
        Follow::Stale
    } else if update.first_seq <= seq.saturating_add(1) {
        Follow::Apply
    } else {
        Follow::Gap
    }
}

/// Futures, rules 2 to 4.
pub(super) const fn follow_futures(held: Held, update: &BookHead) -> Follow {
    let Some(seq) = held.seq else {
        return Follow::Apply;
    };
    let last = update.header.seq;
    let continues = update.prev_seq == seq;
    let contains = update.first_seq <= seq && seq <= last;
    match held.joined {
        _ if continues => Follow::Apply,
        true if last <= seq => Follow::Stale,
        false if last < seq => Follow::Stale,
        false if contains => Follow::Apply,
        _ => Follow::Gap,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::InstrumentId;
    use crate::record::Kind;

    fn update(first: u64, last: u64, prev: u64) -> BookHead {
        let mut head = BookHead::new(Kind::BookDelta, InstrumentId::NONE, 0, 0);
        (head.first_seq, head.header.seq, head.prev_seq) = (first, last, prev);
        head
    }

    fn held(seq: u64, joined: bool) -> Held {
        Held {
            seq: Some(seq),
            cross_seq: 0,
            joined,
        }
    }

    #[test]
    fn spot_rules_by_number() {
        for (rule, first, last, expected) in [
            ("4: u <= L", 90, 100, Follow::Stale),
            ("5: U <= L+1 <= u", 90, 101, Follow::Apply),
            ("5: U == L+1", 101, 101, Follow::Apply),
            ("3/6: U > L+1", 102, 110, Follow::Gap),
        ] {
            assert_eq!(
                follow_spot(held(100, false), &update(first, last, 0)),
                expected,
                "{rule}"
            );
            assert_eq!(
                follow_spot(held(100, true), &update(first, last, 0)),
                expected,
                "{rule}"
            );
        }
        let never_traded = Held {
            seq: None,
            cross_seq: 0,
            joined: false,
        };
        assert_eq!(
            follow_spot(never_traded, &update(7, 9, 0)),
            Follow::Apply,
            "7"
        );
    }

    #[test]
    fn futures_rules_by_number() {
        for (rule, joined, first, last, prev, expected) in [
            ("2: u < L", false, 80, 99, 70, Follow::Stale),
            ("3: u == L is applied", false, 90, 100, 80, Follow::Apply),
            ("3: U <= L <= u", false, 90, 120, 80, Follow::Apply),
            ("3: pu == L", false, 105, 120, 100, Follow::Apply),
            ("3: neither", false, 105, 120, 102, Follow::Gap),
            ("4: pu == u", true, 300, 320, 100, Follow::Apply),
            ("4: pu != u", true, 101, 120, 99, Follow::Gap),
            ("4: repeated", true, 90, 100, 80, Follow::Stale),
        ] {
            assert_eq!(
                follow_futures(held(100, joined), &update(first, last, prev)),
                expected,
                "{rule}"
            );
        }
    }
}
