//! The continuity rules; numbers are those of this folder's `README.md`.

use crate::record::BookHead;
use crate::venue::{Channel, Follow, Held};

/// Rules 2 to 4, and 6 to 8 for the full book.
pub(super) fn follow(held: Held, update: &BookHead) -> Follow {
    let Some(seq) = held.seq else {
        return Follow::Apply;
    };
    if update.channel == Channel::BOOK_FULL && !held.joined {
        return join(seq, held, update);
    }
    match update.header.seq.checked_sub(seq) {
        Some(1) => Follow::Apply,
        // Late messages of a numbering that ended: the other line was there first.
        Some(2..) if is_older(held, update) => Follow::Stale,
        Some(2..) => Follow::Gap,
        _ if is_restart(held, update) => Follow::Gap,
        _ => Follow::Stale,
    }
}

/// Rules 6 and 7: a REST body meets the first updates behind it by the cross sequence, then by `u`.
fn join(seq: u64, held: Held, update: &BookHead) -> Follow {
    let same_event = update.cross_seq == held.cross_seq;
    match update.header.seq.checked_sub(seq) {
        _ if is_older(held, update) => Follow::Stale,
        Some(0) if same_event => Follow::Stale,
        Some(1) if !same_event => Follow::Apply,
        _ => Follow::Gap,
    }
}

/// Rule 4: an older `u` with a newer cross sequence belongs to a numbering whose first message was
/// missed. Recordings without cross sequences tell it by `u` = 1 alone.
fn is_restart(held: Held, update: &BookHead) -> bool {
    if update.cross_seq == 0 || held.cross_seq == 0 {
        update.header.seq == 1 && held.seq != Some(1)
    } else {
        update.cross_seq > held.cross_seq
    }
}

/// Whether both tell a cross sequence and the update's is the older one.
const fn is_older(held: Held, update: &BookHead) -> bool {
    update.cross_seq != 0 && update.cross_seq < held.cross_seq
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::InstrumentId;
    use crate::record::Kind;

    fn verdict(channel: Channel, joined: bool, seq: u64, cross_seq: u64) -> Follow {
        let mut head = BookHead::new(Kind::BookDelta, InstrumentId::NONE, 0, 0);
        (head.header.seq, head.cross_seq) = (seq, cross_seq);
        head.channel = channel;
        let held = Held {
            seq: Some(100),
            cross_seq: 5000,
            joined,
        };
        follow(held, &head)
    }

    #[test]
    fn rules_by_number() {
        for (rule, seq, cross_seq, expected) in [
            ("2: u + 1", 101, 5001, Follow::Apply),
            ("2: u + 1, old recording", 101, 0, Follow::Apply),
            ("2: u + 2", 102, 5002, Follow::Gap),
            ("2: u + 2, old recording", 102, 0, Follow::Gap),
            ("2: largest u", u64::MAX, 5003, Follow::Gap),
            ("3: repeated", 100, 5000, Follow::Stale),
            ("3: older", 99, 4999, Follow::Stale),
            ("3: older, old recording", 99, 0, Follow::Stale),
            ("3: the first of all, late", 1, 4000, Follow::Stale),
            ("3: of a numbering that ended", 900, 4999, Follow::Stale),
            ("4: restart", 1, 5001, Follow::Gap),
            ("4: restart, old recording", 1, 0, Follow::Gap),
            ("4: after a restart", 7, 5001, Follow::Gap),
            ("4: restarted at the same u", 100, 5001, Follow::Gap),
        ] {
            for channel in [Channel::BOOK, Channel::BOOK_RPI, Channel::BOOK_FULL] {
                assert_eq!(verdict(channel, true, seq, cross_seq), expected, "{rule}");
            }
        }
    }

    #[test]
    fn a_full_book_joins_the_stream_where_both_numbers_agree() {
        for (rule, seq, cross_seq, expected) in [
            ("6: before the body", 99, 4990, Follow::Stale),
            ("6: the body's own", 100, 5000, Follow::Stale),
            ("6: the next", 101, 5010, Follow::Apply),
            ("7: same event, other number", 101, 5000, Follow::Gap),
            ("7: same number, other event", 100, 5001, Follow::Gap),
            ("7: body too old", 103, 5010, Follow::Gap),
            ("8: restart after the body", 1, 5010, Follow::Gap),
            ("8: restart before the body", 1, 4990, Follow::Stale),
        ] {
            let found = verdict(Channel::BOOK_FULL, false, seq, cross_seq);
            assert_eq!(found, expected, "{rule}");
        }
    }
}
