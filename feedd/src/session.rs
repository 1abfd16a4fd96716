//! One line's life: connect, read, reconnect; and the REST requests beside it.

pub mod backoff;
pub mod budget;
pub mod certificate;
pub mod connect;
pub mod frame;
pub mod line;
pub mod names;
pub mod pace;
pub mod pongs;
pub mod rest;
mod talk;
pub mod tls;
pub mod walk;
pub mod wire;
