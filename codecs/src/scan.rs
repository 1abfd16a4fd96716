//! The fast path into a frame: messages that look as they always do are read without a parser.
//!
//! A scanner speculates. It knows the venue's high-rate messages as [templates](self#templates), goes
//! through a frame with the likely one, and either has its records or *bails*: then the general path
//! ([`crate::json`]) decodes the same frame as if nothing had been. What a scanner accepts, the
//! general path would have decoded to the same [`Batch`], drift counts included; what the general path
//! rejects, a scanner leaves to it. Tests and fuzz targets hold the two against each other.
//!
//! # Templates
//!
//! Templates are text (see the module `template`): shipped ones stand beside each venue's decoder, and
//! when the general path decodes a message that none of them fits, one is derived from it
//! (module `learn`), proven on that message, and used from then on.
//!
//! # Imprints
//!
//! A message without levels, or with few, leaves an imprint (module `imprint`): the next one of its form is known
//! by it, and goes neither through a template nor byte by byte through its numbers.
//!
//! # Targets
//!
//! The operations on bytes exist for AVX2, for SSE4.2 and without intrinsics; which one runs is found
//! once, when a decoder is made. Wide loads stay inside a padded buffer that the type system knows
//! (module `padded`). What runs in a loop is a function of its own for each target, small enough to stay in
//! registers: the values of a message (module `walk`), levels that are spelled alike (module `levels`).

mod alike;
mod attempt;
mod counts;
mod ends;
mod imprint;
mod known;
mod learn;
mod leave;
mod levels;
mod mark;
mod message;
mod number;
mod padded;
mod parts;
mod plan;
pub(crate) mod simd;
mod spellings;
mod template;
mod values;
mod walk;

use crate::batch::Batch;
use crate::instrument::Instruments;
use crate::json::Item;
use crate::reject::Reject;
use crate::venue::Channel;

pub use counts::{Bails, ScanCounts};
pub use message::Reason;
pub use simd::Target;

pub(crate) use padded::Frame;
pub(crate) use simd::{Isa, low};
pub(crate) use values::Values;

use attempt::{Attempt, Bail, Glance};
use counts::Tally;
use imprint::{Cut, Imprints, LONGEST, Part, Place};
use message::Kept;
use number::Span;
use padded::PaddedBuf;
use parts::Parts;
use simd::Proven;
use template::{SLOTS, Template};

/// Eight bytes as they stand in a window.
pub(crate) const fn word(text: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*text)
}

/// Longest frame that is scanned, in bytes: no venue's messages of the high-rate channels come near.
const FRAME_MAX: usize = 4 << 20;

/// Longest message with levels that may have few enough of them to leave an imprint, in bytes.
const FEW_LEVELS: usize = 288;

/// Most templates of one kind of message, learned ones included.
const TEMPLATES_MAX: usize = counts::PLACES;

/// One kind of message, as a venue's scanner declares it.
pub(crate) struct Kind {
    /// The channel that its bails are counted for.
    pub(crate) channel: Channel,
    /// The names of its values; a value's place is its slot.
    pub(crate) slots: &'static [&'static str],
    /// The shapes that the venue is known to send, the likely ones first.
    pub(crate) templates: &'static [&'static str],
}

/// What a venue's scanner must tell.
pub(crate) trait Grammar: 'static {
    /// What its decoder must know of the feed.
    type Context: Copy;

    /// Where the symbol stands in most of the messages that leave imprints.
    const SYMBOL_AT: usize;

    /// Where the symbol stands in an element behind the first, counted from the comma before it; `None` where no
    /// message has several.
    const LATER_SYMBOL_AT: Option<usize>;

    /// A byte that tells messages with levels from all others, and where it stands.
    const LEVELS: Option<(usize, u8)>;

    /// Its kinds of messages.
    const KINDS: &'static [Kind];

    /// The kind that a frame looks like, by a few bytes at known places.
    fn kind<I: Isa>(isa: I, frame: Frame<'_>) -> Option<usize>;

    /// Turns the values of a message (of one element, where elements repeat) into items of its batch.
    ///
    /// # Errors
    ///
    /// Why the general path must look at it.
    fn emit<V: Values>(kind: usize, context: Self::Context, message: &mut V) -> Result<(), Reason>;

    /// What the general path makes of a parsed frame.
    ///
    /// # Errors
    ///
    /// The rule that the frame broke.
    fn read(
        root: Item<'_, '_>,
        context: Self::Context,
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject>;
}

/// The templates of one kind of message.
#[derive(Debug, Default)]
struct Group {
    templates: Vec<Template>,
    /// The one that took the last message.
    hot: usize,
    /// Messages that a template took, by place; halved when one is replaced.
    uses: [u64; TEMPLATES_MAX],
    /// Messages without a template since the last one was learned.
    strangers: u64,
}

/// The fast path of one venue.
#[derive(Debug)]
pub(crate) struct Scanner<G> {
    proven: Proven,
    buffer: PaddedBuf,
    spans: Box<[Span; SLOTS]>,
    kept: Kept,
    groups: Vec<Group>,
    imprints: Imprints,
    tally: Tally,
    grammar: std::marker::PhantomData<G>,
}

impl<G: Grammar> Scanner<G> {
    /// The shipped templates, on the best target of this processor.
    pub(crate) fn new() -> Self {
        Self::on(Target::best())
    }

    /// The shipped templates, on `target` or the portable one.
    pub(crate) fn on(target: Target) -> Self {
        let groups = G::KINDS.iter().map(|kind| Group {
            templates: shipped(kind),
            ..Group::default()
        });
        Self {
            proven: Proven::of(target),
            buffer: PaddedBuf::default(),
            spans: Box::new([Span::default(); SLOTS]),
            kept: Kept::default(),
            groups: groups.collect(),
            imprints: Imprints::new(),
            tally: Tally::new(G::KINDS.iter().map(|kind| kind.channel).collect()),
            grammar: std::marker::PhantomData,
        }
    }

    /// What was taken and what was not.
    pub(crate) const fn counts(&self) -> &ScanCounts {
        self.tally.counts()
    }

    /// Decodes a frame by the templates, or else by `general`.
    ///
    /// # Errors
    ///
    /// What `general` refused.
    #[inline]
    pub(crate) fn decode(
        &mut self,
        frame: &[u8],
        context: G::Context,
        instruments: &mut Instruments,
        batch: &mut Batch,
        general: impl FnOnce(&mut Instruments, &mut Batch) -> Result<(), Reject>,
    ) -> Result<(), Reject> {
        let mut place = Place::NOWHERE;
        let has_levels = G::LEVELS.is_some_and(|(at, byte)| frame.get(at) == Some(&byte));
        let longest = if has_levels { FEW_LEVELS } else { LONGEST };
        if frame.len() <= longest {
            let glance = Glance::<G> {
                frame,
                context,
                instruments,
                batch,
                imprints: &mut self.imprints,
                day: &mut self.kept.day,
            };
            match self.proven.run(glance) {
                Ok(kind) => {
                    self.tally.knew(usize::from(kind));
                    return Ok(());
                }
                Err(would_be) => place = would_be,
            }
        }
        let missing = Cut {
            place,
            part: Part::Whole,
            start: 0,
            end: frame.len(),
        };
        if has_levels {
            self.decode_unknown((frame, missing), context, instruments, batch, general)
        } else {
            self.decode_parts((frame, missing), context, instruments, batch, general)
        }
    }

    /// Decodes a frame that as a whole fits no imprint.
    #[inline(never)]
    fn decode_parts(
        &mut self,
        (frame, mut missing): (&[u8], Cut),
        context: G::Context,
        instruments: &mut Instruments,
        batch: &mut Batch,
        general: impl FnOnce(&mut Instruments, &mut Batch) -> Result<(), Reject>,
    ) -> Result<(), Reject> {
        if let Some(symbol_at) = G::LATER_SYMBOL_AT {
            let parts = Parts::<G> {
                frame,
                symbol_at,
                context,
                instruments,
                batch,
                imprints: &mut self.imprints,
                day: &mut self.kept.day,
            };
            match self.proven.run(parts) {
                Ok(kind) => {
                    self.tally.knew(usize::from(kind));
                    return Ok(());
                }
                Err(part) => missing = part.unwrap_or(missing),
            }
        }
        self.decode_unknown((frame, missing), context, instruments, batch, general)
    }

    /// Decodes a frame that fits no imprint.
    #[inline(never)]
    fn decode_unknown(
        &mut self,
        (frame, missing): (&[u8], Cut),
        context: G::Context,
        instruments: &mut Instruments,
        batch: &mut Batch,
        general: impl FnOnce(&mut Instruments, &mut Batch) -> Result<(), Reject>,
    ) -> Result<(), Reject> {
        let bail = match self.scan((frame, missing), context, instruments, batch) {
            Ok(()) => return Ok(()),
            Err(bail) => bail,
        };
        match bail {
            Some(bail) if self.is_stranger(bail) => {
                self.learn_from(bail.kind, frame, context, instruments, batch, general)
            }
            _ => general(instruments, batch),
        }
    }

    #[inline(always)]
    fn scan(
        &mut self,
        (frame, missing): (&[u8], Cut),
        context: G::Context,
        instruments: &Instruments,
        batch: &mut Batch,
    ) -> Result<(), Option<Bail>> {
        if frame.len() > FRAME_MAX {
            return Err(None);
        }
        let attempt = Attempt::<G> {
            frame: self.buffer.fill(frame),
            missing,
            context,
            instruments,
            batch,
            spans: &mut self.spans,
            kept: &mut self.kept,
            groups: &mut self.groups,
            imprints: &mut self.imprints,
        };
        match self.proven.run(attempt) {
            Ok(kind) => {
                self.tally.took(kind);
                Ok(())
            }
            Err(bail) => {
                if let Some(bail) = bail {
                    self.tally.bailed(bail.kind, bail.place, bail.reason);
                }
                Err(bail)
            }
        }
    }
}

fn shipped(kind: &Kind) -> Vec<Template> {
    let texts = kind.templates.iter().take(TEMPLATES_MAX);
    let parsed = texts.filter_map(|text| Template::parse(text, kind.slots).ok());
    parsed.collect()
}
