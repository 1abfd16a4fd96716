//! Every order of failures, lost answers, bad rows and kills ends in the same rows.

use std::collections::BTreeSet;

use feedd_storage::sink::{DeadLetters, Fate, PumpOptions};
use proptest::prelude::*;

use crate::common::fast_dir;
use crate::model::*;

const ROWS: u64 = 120;

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Take),
        2 => Just(Act::Fail),
        1 => Just(Act::TakeAndFail),
        1 => Just(Act::HalfAndFail),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_fails_and_whoever_is_killed_each_row_arrives_or_is_a_dead_letter_once(
        acts in prop::collection::vec(act(), 0..60),
        bad in prop::collection::btree_set(1..=ROWS, 0..6),
        kills in prop::collection::vec(0_usize..12, 0..8),
        holds in 0_usize..40,
        batch_rows in 1_usize..20,
        slow_cursor: bool,
    ) {
        let dir = fast_dir();
        let _journal = with_trades(dir.path(), ROWS);
        let (store, still) = (Store::default(), Still::default());
        {
            let mut far = store.far.lock().unwrap();
            (far.acts, far.bad, far.holds) = (acts, bad.clone(), holds);
        }
        let save_every = std::time::Duration::from_secs(if slow_cursor { 3_600 } else { 0 });
        let options = PumpOptions { batch_rows, save_every, ..eager() };
        for steps in kills {
            // A killed process: whatever was not made durable is gone.
            let mut pump = pump(dir.path(), &store, &still, options);
            (0..steps).for_each(|_| { pump.step(); });
        }
        let mut last = pump(dir.path(), &store, &still, options);
        drain(&mut last);
        last.finish();
        assert_rows(&store, (1..=ROWS).filter(|seq| !bad.contains(seq)));
        let letters = DeadLetters::read(dir.path(), "store").unwrap();
        prop_assert_eq!(letters.len(), bad.len(), "a dead letter came twice or is missing");
        let dead: BTreeSet<u64> = letters.iter().map(|letter| letter.seq).collect();
        prop_assert_eq!(dead, bad);
        prop_assert!(letters.iter().all(|letter| letter.fate == Fate::Refused));
        prop_assert_eq!(last.status().read().acked_seq, ROWS + 1);
    }
}
