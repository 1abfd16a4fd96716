//! Bytes to words and back.
//!
//! The ring's memory is words, its users have bytes. A word holds its eight bytes in memory order
//! on every target, so that a cursor can look at the same memory as bytes. All accesses are relaxed
//! atomics: ordering is the business of the word that publishes a frame.

use crate::sync::{Ordering, Word};

/// Bytes of a [`Word`].
pub(crate) const WORD_BYTES: usize = 8;

/// Stores `parts` one behind the other into `words`, which must have room for all of them; the
/// unused end of the last word stored is zero.
#[inline]
pub(crate) fn gather(words: &[Word], parts: &[&[u8]]) {
    let mut gather = Gather::new(words);
    for part in parts {
        gather.put(part);
    }
    gather.finish();
}

/// Bytes on their way into words.
struct Gather<'a> {
    words: std::slice::Iter<'a, Word>,
    /// Bytes put but not stored yet, first byte lowest.
    carry: u64,
    /// Bits used in `carry`, a multiple of 8 below 64.
    carry_bits: u32,
}

impl<'a> Gather<'a> {
    /// Starts at the first of `words`, which must have room for all the bytes to come.
    #[inline]
    fn new(words: &'a [Word]) -> Self {
        Self {
            words: words.iter(),
            carry: 0,
            carry_bits: 0,
        }
    }

    /// Appends `bytes`.
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        let (whole, rest) = bytes.as_chunks::<WORD_BYTES>();
        if self.carry_bits == 0 {
            self.put_whole(whole);
        } else {
            whole
                .iter()
                .for_each(|chunk| self.put_shifted(u64::from_le_bytes(*chunk), 64));
        }
        if !rest.is_empty() {
            self.put_rest(rest);
        }
    }

    /// Stores `chunks` as they are: the usual case, records whose parts are whole words.
    #[inline]
    fn put_whole(&mut self, chunks: &[[u8; WORD_BYTES]]) {
        let words = self.words.as_slice();
        for (word, chunk) in words.iter().zip(chunks) {
            word.store(u64::from_le_bytes(*chunk).to_le(), Ordering::Relaxed);
        }
        self.words = words.get(chunks.len()..).unwrap_or_default().iter();
    }

    /// Stores what is left in the carry.
    #[inline]
    fn finish(mut self) {
        if self.carry_bits > 0 {
            self.store(self.carry);
        }
    }

    fn put_rest(&mut self, rest: &[u8]) {
        let mut chunk = [0; WORD_BYTES];
        chunk[..rest.len()].copy_from_slice(rest);
        let bits = 8 * rest.len() as u32;
        if self.carry_bits + bits < 64 {
            self.carry |= u64::from_le_bytes(chunk) << self.carry_bits;
            self.carry_bits += bits;
        } else {
            self.put_shifted(u64::from_le_bytes(chunk), bits);
        }
    }

    /// Completes the word in the carry, which is not empty, with the low bits of `value`; its other
    /// bits, of `bits` in all, become the carry.
    #[inline]
    fn put_shifted(&mut self, value: u64, bits: u32) {
        self.store(self.carry | value << self.carry_bits);
        self.carry = value >> (64 - self.carry_bits);
        self.carry_bits = self.carry_bits + bits - 64;
    }

    #[inline]
    fn store(&mut self, value: u64) {
        if let Some(word) = self.words.next() {
            word.store(value.to_le(), Ordering::Relaxed);
        }
    }
}

/// Copies the first `out.len()` bytes of `words` into `out`.
///
/// The producer may be storing into `words` meanwhile: each word is whole, together they may be
/// torn, and the caller has to check for that afterwards.
#[inline]
pub(crate) fn copy_out(words: &[Word], out: &mut [u8]) {
    let (whole, rest) = out.as_chunks_mut::<WORD_BYTES>();
    for (chunk, word) in whole.iter_mut().zip(words) {
        *chunk = load_bytes(word);
    }
    if let Some(word) = words.get(whole.len()) {
        let len = rest.len();
        rest.copy_from_slice(&load_bytes(word)[..len]);
    }
}

#[inline]
fn load_bytes(word: &Word) -> [u8; WORD_BYTES] {
    u64::from_le(word.load(Ordering::Relaxed)).to_le_bytes()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn gathered(parts: &[&[u8]]) -> Vec<u8> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let words: Vec<Word> = (0..len.div_ceil(WORD_BYTES)).map(|_| Word::new()).collect();
        gather(&words, parts);
        let mut out = vec![0xAA; words.len() * WORD_BYTES];
        copy_out(&words, &mut out);
        assert!(
            out[len..].iter().all(|byte| *byte == 0),
            "unused end of the last word is zero"
        );
        let mut exact = vec![0xAA; len];
        copy_out(&words, &mut exact);
        assert_eq!(exact, out[..len]);
        exact
    }

    #[test]
    fn parts_cut_at_any_two_places_come_back_joined() {
        let bytes: Vec<u8> = (1..=40).collect();
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let parts = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(gathered(&parts), bytes, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn many_single_bytes_fill_whole_words() {
        let bytes: Vec<u8> = (1..=17).collect();
        let parts: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(gathered(&parts), bytes);
    }
}
