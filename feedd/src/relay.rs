//! Beyond one machine: a journal's records on other hosts.
//!
//! ```text
//!  capture host                                      other host
//! ┌───────────────────────────┐   Aeron, batches   ┌─────────────────────────────────┐
//! │ journal ─> feedd publish ─┼───────────────────>│ feedd relay ─> journal ─> sinks │
//! │    └─────> replay service │<── what is missing ┼──┘  (merges several sources)     │
//! └───────────────────────────┘        TCP         └─────────────────────────────────┘
//! ```
//!
//! The journal is the durable log; the wire need not be reliable. A publisher sends what is
//! appended, and forgets it. A relay knows how far it has come in each source's journal and fetches
//! what it missed from there, so loss, a dead link, a late start and a restart on either side are one
//! case. Invariants:
//!
//! * The relay's journal has each record of a source once, in the source's order, or a gap record that
//!   says which numbers the source no longer had.
//! * Whatever ends a relay, it goes on exactly behind what it had written ([`ledger`]).
//! * A publisher or a replay service cannot hold up a capture: they read files.
//!
//! | module | idea |
//! |---|---|
//! | [`wire`] | a batch of frames in bytes |
//! | [`ask`], [`serve`], [`fetch`] | the replay service: language, server, client |
//! | [`follow`] | one source's state machine, without I/O |
//! | [`merge`] | several sources in the order of receipt |
//! | [`ledger`], [`origin`], [`names`] | the relay's own journal: positions, lineage, ids |
//! | [`relaying`] | the relay's loop |

#[cfg(feature = "aeron")]
mod aeron;
pub mod ask;
pub mod command;
pub mod config;
pub mod fetch;
pub mod follow;
pub mod ledger;
pub mod merge;
pub mod names;
pub mod origin;
pub mod position;
pub mod publish;
pub mod relaying;
pub mod serve;
mod station;
pub mod wire;

pub use relaying::{Relay, RelayReport};
pub use station::Live;

use std::path::Path;

use feedd_storage::{Error, JournalId};

/// The identity of the journal in `dir` as the number that travels.
///
/// # Errors
///
/// If it can be neither read nor made.
pub fn identity(dir: &Path) -> Result<u128, Error> {
    let id = JournalId::of(dir)?.to_string();
    Ok(u128::from_str_radix(&id, 16).unwrap_or_default())
}
