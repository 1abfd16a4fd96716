//! Both paths into a venue's frames, joined: the scanner, and the parser behind it.

use crate::batch::Batch;
use crate::instrument::Instruments;
use crate::json::{Item, Json};
use crate::reject::Reject;
use crate::scan::{Grammar, ScanCounts, Scanner, Target};

/// The decoder of a venue whose high-rate messages follow `G`.
#[derive(Debug)]
pub(super) struct Decoder<G> {
    scanner: Scanner<G>,
    json: Json,
}

impl<G: Grammar> Decoder<G> {
    /// With the shipped templates, on the best target of this processor.
    pub(super) fn new() -> Self {
        Self {
            scanner: Scanner::new(),
            json: Json::default(),
        }
    }

    /// As [`Venue::scan_on`](super::Venue::scan_on): what was learned and counted is forgotten.
    pub(super) fn scan_on(&mut self, target: Target) {
        self.scanner = Scanner::on(target);
    }

    /// As [`Venue::scan_counts`](super::Venue::scan_counts).
    pub(super) const fn scan_counts(&self) -> &ScanCounts {
        self.scanner.counts()
    }

    /// Decodes a frame, by the scanner where it can.
    ///
    /// # Errors
    ///
    /// As [`Venue::decode`](super::Venue::decode).
    #[inline]
    pub(super) fn decode(
        &mut self,
        frame: &[u8],
        context: G::Context,
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        let json = &mut self.json;
        let general = move |instruments: &mut Instruments, batch: &mut Batch| {
            json.read(frame, |root| G::read(root, context, instruments, batch))
        };
        self.scanner
            .decode(frame, context, instruments, batch, general)
    }

    /// Decodes a frame by the general path alone.
    ///
    /// # Errors
    ///
    /// As [`Venue::decode`](super::Venue::decode).
    pub(super) fn decode_general(
        &mut self,
        frame: &[u8],
        context: G::Context,
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        self.read(frame, |root| G::read(root, context, instruments, batch))
    }

    /// Parses a body and hands its root to `read`, as [`Json::read`].
    ///
    /// # Errors
    ///
    /// The rule that the text breaks, or what `read` refused.
    pub(super) fn read<T>(
        &mut self,
        body: &[u8],
        read: impl FnOnce(Item<'_, '_>) -> Result<T, Reject>,
    ) -> Result<T, Reject> {
        self.json.read(body, read)
    }
}
