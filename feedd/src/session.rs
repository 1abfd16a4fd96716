//! One line's life: connect, read, reconnect; and the REST requests beside it.

pub mod backoff;
pub mod budget;
pub mod connect;
pub mod line;
pub mod rest;
