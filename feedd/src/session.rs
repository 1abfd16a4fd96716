//! One line's life: connect, read, reconnect; and the REST requests beside it.

pub mod backoff;
pub mod budget;
pub mod certificate;
pub mod connect;
pub mod frame;
pub mod line;
pub mod names;
pub mod pongs;
pub mod rest;
pub mod tls;
