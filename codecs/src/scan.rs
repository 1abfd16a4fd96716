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
//! # Targets
//!
//! The operations on bytes exist for AVX2, for SSE4.2 and without intrinsics; which one runs is found
//! once, when a decoder is made. Wide loads stay inside a padded buffer that the type system knows
//! (module `padded`). What runs in a loop is a function of its own for each target, small enough to stay in
//! registers: the values of a message (module `walk`), levels that are spelled alike (module `levels`).

mod alike;
mod counts;
mod ends;
mod learn;
mod levels;
mod message;
mod number;
mod padded;
mod plan;
pub(crate) mod simd;
mod template;
mod walk;

use crate::batch::Batch;
use crate::instrument::Instruments;
use crate::reject::Reject;
use crate::venue::Channel;

pub use counts::{Bails, ScanCounts};
pub use message::Reason;
pub use simd::Target;

pub(crate) use message::Message;
pub(crate) use padded::Frame;
pub(crate) use simd::{Isa, low};

use counts::Tally;
use message::Kept;
use number::Span;
use padded::PaddedBuf;
use simd::{Proven, Task};
use template::{SLOTS, Template};

/// Eight bytes as they stand in a window.
pub(crate) const fn word(text: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*text)
}

/// Longest frame that is scanned, in bytes: no venue's messages of the high-rate channels come near.
const FRAME_MAX: usize = 4 << 20;

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

    /// Its kinds of messages.
    const KINDS: &'static [Kind];

    /// The kind that a frame looks like, by a few bytes at known places.
    fn kind<I: Isa>(isa: I, frame: Frame<'_>) -> Option<usize>;

    /// Turns the values of a message (of one element, where elements repeat) into items of its batch.
    ///
    /// # Errors
    ///
    /// Why the general path must look at it.
    fn emit<I: Isa>(
        kind: usize,
        context: Self::Context,
        message: &mut Message<'_, I>,
    ) -> Result<(), Reason>;
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

/// Why and at which template a frame was left to the general path.
#[derive(Clone, Copy, Debug)]
struct Bail {
    kind: usize,
    place: usize,
    reason: Reason,
}

/// The fast path of one venue.
#[derive(Debug)]
pub(crate) struct Scanner<G> {
    proven: Proven,
    buffer: PaddedBuf,
    spans: Box<[Span; SLOTS]>,
    kept: Kept,
    groups: Vec<Group>,
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
        let bail = match self.scan(frame, context, instruments, batch) {
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
        frame: &[u8],
        context: G::Context,
        instruments: &Instruments,
        batch: &mut Batch,
    ) -> Result<(), Option<Bail>> {
        if frame.len() > FRAME_MAX {
            return Err(None);
        }
        let attempt = Attempt::<G> {
            buffer: &mut self.buffer,
            frame,
            context,
            instruments,
            batch,
            spans: &mut self.spans,
            kept: &mut self.kept,
            groups: &mut self.groups,
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

/// Lengths of a batch's vectors, to take back what a template that did not fit had added.
#[derive(Clone, Copy)]
struct Mark {
    items: usize,
    levels: usize,
    figures: usize,
}

impl Mark {
    #[inline(always)]
    fn of(batch: &Batch) -> Self {
        Self {
            items: batch.items.len(),
            levels: batch.levels.len(),
            figures: batch.figures.len(),
        }
    }

    #[inline(always)]
    fn undo(self, batch: &mut Batch) {
        batch.items.truncate(self.items);
        batch.levels.truncate(self.levels);
        batch.figures.truncate(self.figures);
    }
}

/// One frame against the templates of its kind; compiled for each target.
struct Attempt<'a, G: Grammar> {
    buffer: &'a mut PaddedBuf,
    frame: &'a [u8],
    context: G::Context,
    instruments: &'a Instruments,
    batch: &'a mut Batch,
    spans: &'a mut [Span; SLOTS],
    kept: &'a mut Kept,
    groups: &'a mut [Group],
}

impl<G: Grammar> Task for Attempt<'_, G> {
    /// The kind of the message that was taken.
    type Output = Result<usize, Option<Bail>>;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Self::Output {
        let frame = self.buffer.fill(self.frame);
        let kind = G::kind(isa, frame).ok_or(None)?;
        let group = self.groups.get_mut(kind).ok_or(None)?;
        let first_level = self.batch.levels.len();
        let message = Message {
            isa,
            frame,
            batch: self.batch,
            instruments: self.instruments,
            spans: self.spans,
            kept: self.kept,
            present: 0,
            instrument: None,
            scale: None,
            plans: None,
            first_level,
            first_ask: first_level,
        };
        let mut fit = Fit::<G, I> {
            message,
            group,
            kind,
            context: self.context,
        };
        match fit.fit(fit.group.hot) {
            Ok(()) => Ok(kind),
            Err(reason) => isa.run(Others { fit, reason }),
        }
    }
}

/// A message against the templates of its kind.
struct Fit<'a, G: Grammar, I> {
    message: Message<'a, I>,
    group: &'a mut Group,
    kind: usize,
    context: G::Context,
}

impl<G: Grammar, I: Isa> Fit<'_, G, I> {
    /// Tries one template; the batch is as before where it does not fit.
    #[inline(always)]
    fn fit(&mut self, place: usize) -> Result<(), Reason> {
        let (message, group) = (&mut self.message, &mut *self.group);
        let template = group.templates.get(place).ok_or(Reason::Shape)?;
        let mark = Mark::of(message.batch);
        message.present = template.present;
        (message.instrument, message.scale, message.plans) = (None, None, None);
        match message.read::<G>(template, self.kind, self.context) {
            Ok(emitted) => {
                if !template.unknown.is_empty() {
                    count_unknown(template, emitted, message.batch);
                }
                group.hot = place;
                group.uses[place] += 1;
                Ok(())
            }
            Err(reason) => {
                mark.undo(message.batch);
                Err(reason)
            }
        }
    }
}

/// The templates behind the one that fitted last, which did not fit now.
struct Others<'a, G: Grammar, I> {
    fit: Fit<'a, G, I>,
    /// Why.
    reason: Reason,
}

impl<G: Grammar, I: Isa> Task for Others<'_, G, I> {
    type Output = Result<usize, Option<Bail>>;

    #[inline(always)]
    fn run<J: Isa>(self, _isa: J) -> Self::Output {
        let Self { mut fit, reason } = self;
        let (kind, hot) = (fit.kind, fit.group.hot);
        let bail = |place, reason| Bail {
            kind,
            place,
            reason,
        };
        let mut left = bail(hot, reason);
        let others = (0..fit.group.templates.len()).filter(|place| *place != hot);
        for place in others {
            if !left.reason.is_structural() {
                break;
            }
            match fit.fit(place) {
                Ok(()) => return Ok(kind),
                Err(Reason::Shape) => {}
                Err(reason) => left = bail(place, reason),
            }
        }
        Err(Some(left))
    }
}

/// Counts the unknown fields that a template goes over, once for each element.
#[cold]
fn count_unknown(template: &Template, elements: usize, batch: &mut Batch) {
    for _ in 0..elements {
        for (channel, field) in &template.unknown {
            batch.drift.unknown_field(channel, field);
        }
    }
}
