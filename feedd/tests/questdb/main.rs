//! The sink against a real QuestDB server: every record arrives exactly once, whatever dies.
//!
//! The server is fetched and started by `tools/questdb/questdb.py`. `FEEDD_QUESTDB=HOST:PORT` names
//! one that runs (its tables of our names are dropped), `FEEDD_QUESTDB_TRANSPORT=ws` takes QWP,
//! `FEEDD_REQUIRE_QUESTDB=1` makes a missing server a failure, and `FEEDD_QUESTDB_DOWN=60` is how
//! many seconds the server is down in the test of that.
#![cfg(feature = "questdb")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod counting;
mod daemon;
mod exact;
mod market;
mod once;
mod pumping;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod tampered;
