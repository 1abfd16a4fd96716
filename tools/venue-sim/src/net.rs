//! Sockets: one listener per product for WebSocket and REST, in plain text or over TLS.

pub(crate) mod frames;
mod http;
mod io;
pub(crate) mod rules;
mod socket;
pub(crate) mod tls;
pub(crate) mod valve;

pub(crate) use http::{Port, accept_loop};
