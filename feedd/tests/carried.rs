//! What holds for a journal with a thread of its own holds for one whose work a reader carries: the
//! same tests again, with `journal_poll = "reader"` (`support::Rig` knows by the name of this file).
#![allow(
    clippy::duplicate_mod,
    reason = "each of the files is a test of its own as well, with its own support"
)]

#[path = "backpressure.rs"]
mod backpressure;
#[path = "channels.rs"]
mod channels;
#[path = "stop.rs"]
mod stop;
