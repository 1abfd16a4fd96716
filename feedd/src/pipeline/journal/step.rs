//! The journal's work in steps that never wait, for a reader that carries it.
//!
//! A step ends where something would have to wait or is not a plain append. The frame stays in its
//! ring, and who may wait ([`Writer::run`]) meets the same again.

use std::sync::atomic::Ordering;

use feedd_ringbuf::Cursor;

use super::Writer;
use crate::exit::Failure;

/// The work of a [`Writer::step`] that is left would have to wait.
#[derive(Debug)]
pub(in crate::pipeline) struct Waits;

impl From<Failure> for Waits {
    /// Who may wait meets the same failure.
    fn from(_: Failure) -> Self {
        Self
    }
}

impl Writer {
    /// One batch of every ring, as far as it goes without waiting for anybody; whether there was
    /// anything. What would have to wait stays in its ring.
    #[inline]
    pub(in crate::pipeline) fn step(&mut self) -> Result<bool, Waits> {
        let mut busy = false;
        for at in 0..self.cursors.len() {
            let Some(mut cursor) = self.cursors[at].take() else {
                continue;
            };
            let taken = self.drain_at_once(&mut cursor);
            self.cursors[at] = Some(cursor);
            busy |= taken?;
        }
        Ok(busy)
    }

    #[inline]
    fn drain_at_once(&mut self, cursor: &mut Cursor) -> Result<bool, Waits> {
        let mut done = 0;
        let taken = self.drain(cursor, |writer, entries| {
            let (written, _) = writer.write(entries, true);
            writer.written(&entries[..written]);
            done += written;
            if written < entries.len() {
                return Err(Waits);
            }
            Ok(())
        });
        if taken.is_err() {
            cursor.rewind();
            cursor.frames(done).for_each(drop);
            cursor.release();
        }
        taken
    }

    /// Counts that a reader leaves the work to the journal thread.
    pub(in crate::pipeline) fn tell_handed_over(&self) {
        self.report.handed_over.fetch_add(1, Ordering::Relaxed);
    }
}
