//! The continuity rule; numbers are those of this folder's `README.md`.

use crate::record::BookHead;
use crate::venue::{Follow, Held};

/// Rules 2 and 3.
pub(super) const fn follow(held: Held, update: &BookHead) -> Follow {
    let Some(seq) = held.seq else {
        return Follow::Apply;
    };
    if update.header.seq == seq + 1 {
        Follow::Apply
    } else if update.header.seq <= seq {
        Follow::Stale
    } else {
        Follow::Gap
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::InstrumentId;
    use crate::record::Kind;

    #[test]
    fn rules_by_number() {
        for (rule, seq, expected) in [
            ("2: u + 1", 101, Follow::Apply),
            ("2: u + 2", 102, Follow::Gap),
            ("3: repeated", 100, Follow::Stale),
            ("3: older", 99, Follow::Stale),
        ] {
            let mut head = BookHead::new(Kind::BookDelta, InstrumentId::NONE, 0, 0);
            head.header.seq = seq;
            assert_eq!(
                follow(
                    Held {
                        seq: Some(100),
                        joined: true
                    },
                    &head
                ),
                expected,
                "{rule}"
            );
        }
    }
}
