//! What holds for readers that sleep holds for readers that never do: the same tests again, with
//! `poll = "spin"` on every feed (`support::Rig` knows by the name of this file).
#![allow(
    clippy::duplicate_mod,
    reason = "each of the files is a test of its own as well, with its own support"
)]

#[path = "channels.rs"]
mod channels;
#[path = "redundancy.rs"]
mod redundancy;
#[path = "stop.rs"]
mod stop;
#[path = "tls.rs"]
mod tls;
