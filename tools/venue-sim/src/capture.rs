//! Recorded sessions: reading the line format and playing it back.
//!
//! A line is `<receive time, ns since the epoch> <frame, byte for byte>`. A stream message goes to
//! the connections that subscribed to its stream, unchanged; in Binance files a line without
//! `stream` is a REST book snapshot. Acknowledgements, heartbeats and status messages are not
//! played: the simulator makes its own.

mod reader;
mod replay;

pub(crate) use reader::Recording;
pub(crate) use replay::play;
