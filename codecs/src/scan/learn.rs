//! A template from a message that the general path decoded and no template fitted.
use super::*;

impl<G: Grammar> Scanner<G> {
    /// Whether a template should be sought: at the first, second, fourth, … message without one.
    pub(super) fn is_stranger(&mut self, bail: Bail) -> bool {
        if !bail.reason.is_structural() {
            return false;
        }
        self.groups.get_mut(bail.kind).is_some_and(|group| {
            group.strangers += 1;
            group.strangers.is_power_of_two()
        })
    }

    #[cold]
    #[inline(never)]
    pub(super) fn learn_from(
        &mut self,
        _kind: usize,
        _frame: &[u8],
        _context: G::Context,
        instruments: &mut Instruments,
        batch: &mut Batch,
        general: impl FnOnce(&mut Instruments, &mut Batch) -> Result<(), Reject>,
    ) -> Result<(), Reject> {
        general(instruments, batch)
    }
}
