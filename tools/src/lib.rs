//! What other programs of this workspace use of the operator's tool: the comparison of a journal
//! with what the simulated venues published, and the count of what a QuestDB server holds.
#![forbid(unsafe_code)]

pub mod compare;
pub mod questdb;
