//! Compaction.

use std::time::Duration;

use super::layout::Layout;
use crate::error::Error;

/// Merges.
#[derive(Debug)]
pub(super) struct Compactor {}

impl Compactor {
    pub(super) fn new(_layout: Layout, _level: i32) -> Self {
        Self {}
    }

    pub(super) fn work(&mut self, _now: Duration, _newest: u64) -> Result<(), Error> {
        Ok(())
    }
}
