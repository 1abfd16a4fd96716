//! Criterion benches for decode, ring and journal; see `benches/README.md` for commands and figures.
#![forbid(unsafe_code)]
