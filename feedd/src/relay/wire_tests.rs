//! Batches: what is packed comes out again, and no bytes trip the parser.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use feedd_storage::Frame;
use proptest::prelude::*;

use super::*;

fn frame(run: u32, seq: u64, payload: &[u8]) -> Frame<'_> {
    Frame {
        seq,
        ts_recv: seq.cast_signed() * 10,
        run,
        payload,
    }
}

fn packed(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut packer = Packer::new(7, BATCH_BYTES_MAX);
    for (seq, payload) in (5..).zip(payloads) {
        assert!(packer.push(&frame(2, seq, payload)));
    }
    packer.finish().to_vec()
}

proptest! {
    #[test]
    fn what_is_packed_comes_out_again(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 1..20)
    ) {
        let bytes = packed(&payloads);
        let batch = Batch::parse(&bytes).unwrap();
        prop_assert_eq!((batch.journal, batch.run, batch.first_seq), (7, 2, 5));
        let out: Vec<Vec<u8>> = batch.frames().map(|frame| frame.payload.to_vec()).collect();
        prop_assert_eq!(out, payloads);
        let seqs: Vec<u64> = batch.frames().map(|frame| frame.seq).collect();
        prop_assert_eq!(seqs, (5..batch.next_seq()).collect::<Vec<_>>());
        prop_assert!(batch.frames().all(|frame| frame.ts_recv == frame.seq.cast_signed() * 10));
    }

    #[test]
    fn any_bytes_are_refused_or_walked_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(batch) = Batch::parse(&bytes) {
            batch.frames().for_each(drop);
        }
    }

    /// The checksum is made right again, so that every length and count is tried behind it.
    #[test]
    fn changed_bytes_behind_a_right_checksum_are_refused_or_walked(
        at in 8_usize..200, value in any::<u8>(), cut in 0_usize..200
    ) {
        let mut bytes = packed(&vec![vec![1; 20]; 4]);
        let at = at % bytes.len();
        bytes[at] = value;
        bytes.truncate(bytes.len() - cut % bytes.len());
        if bytes.len() >= SUMMED_AT {
            let crc = crc32c::crc32c(&bytes[SUMMED_AT..]);
            bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        }
        if let Ok(batch) = Batch::parse(&bytes) {
            prop_assert_eq!(batch.frames().count(), batch.count as usize);
        }
    }
}

#[test]
fn each_flipped_bit_and_each_cut_is_refused() {
    let bytes = packed(&[vec![1, 2, 3], vec![4; 30]]);
    assert!(Batch::parse(&bytes).is_ok());
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(Batch::parse(&changed).is_err(), "bit {bit}");
    }
    for length in 0..bytes.len() {
        assert!(Batch::parse(&bytes[..length]).is_err(), "length {length}");
    }
}

#[test]
fn a_batch_ends_at_its_limit_at_a_jump_and_at_another_run() {
    let payload = [9; 40];
    let mut packer = Packer::new(1, 200);
    assert!(packer.push(&frame(1, 1, &payload)));
    assert!(!packer.push(&frame(1, 3, &payload)), "a number is missing");
    assert!(!packer.push(&frame(2, 2, &payload)), "another run");
    assert!(packer.push(&frame(1, 2, &payload)));
    assert!(!packer.push(&frame(1, 3, &payload)), "168 + 56 > 200");
    assert_eq!(Batch::parse(packer.finish()).unwrap().count, 2);
    packer.clear();
    let long = [9; 1000];
    assert!(packer.push(&frame(1, 3, &long)), "alone it may be longer");
    assert_eq!(Batch::parse(packer.finish()).unwrap().count, 1);
}

#[test]
fn a_sign_of_life_tells_the_next_number_only() {
    let mut packer = Packer::new(1, 200);
    let next = Position { run: 3, seq: 12 };
    let bytes = packer.sign_of_life(next).to_vec();
    let batch = Batch::parse(&bytes).unwrap();
    assert_eq!((batch.first(), batch.count), (next, 0));
}
