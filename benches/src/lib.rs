//! Criterion benches and what they have in common; the benches live in `benches/`.

pub mod latency;
pub mod messages;
pub mod scale;
