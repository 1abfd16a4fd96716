//! Criterion benches for decode, ring and journal.
