//! Where things stand in a binary message: blocks, groups and the symbol, by the lengths on the wire.

use crate::reject::Reject;

/// Every match.
pub(super) const TRADES: u16 = 10_000;
/// Best bid and offer.
pub(super) const BEST: u16 = 10_001;
/// The best 20 levels.
pub(super) const TOP: u16 = 10_002;
/// Changed levels.
pub(super) const DIFF: u16 = 10_003;

/// The message header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) block_length: u16,
    pub(super) template: u16,
    pub(super) schema: u16,
    version: u16,
}

/// What version 0 of a template has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    root: u16,
    /// Bytes of an entry of its groups.
    entry: u16,
    groups: usize,
    /// Whether the groups count their entries in 4 bytes, not 2.
    wide: bool,
}

/// The shape of a template that this version knows.
pub(super) const fn shape(template: u16) -> Option<Shape> {
    let (root, entry, groups) = match template {
        TRADES => (18, 25, 1),
        BEST => (50, 0, 0),
        TOP => (18, 16, 2),
        DIFF => (26, 16, 2),
        _ => return None,
    };
    Some(Shape {
        root,
        entry,
        groups,
        wide: template == TRADES,
    })
}

/// Bytes that were not read yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], Reject> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(Reject::Layout)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Reject> {
        self.take(N)?.try_into().map_err(|_| Reject::Layout)
    }

    fn u16(&mut self) -> Result<u16, Reject> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn block(&mut self, bytes: u16) -> Result<Block<'a>, Reject> {
        self.take(bytes.into()).map(Block)
    }

    fn group(&mut self, head: Head, shape: Shape) -> Result<Group<'a>, Reject> {
        let entry = head.fitting(self.u16()?, shape.entry)?;
        let count = if shape.wide {
            self.array().map(u32::from_le_bytes)?
        } else {
            self.u16()?.into()
        };
        let bytes = usize::try_from(count)
            .ok()
            .and_then(|count| count.checked_mul(entry.into()));
        let entries = self.take(bytes.ok_or(Reject::Layout)?)?;
        Ok(Group {
            entries,
            entry: entry.into(),
        })
    }
}

/// The header, and what stands behind it.
pub(super) fn head(frame: &[u8]) -> Result<(Head, Rest<'_>), Reject> {
    let mut rest = Rest(frame);
    let head = Head {
        block_length: rest.u16()?,
        template: rest.u16()?,
        schema: rest.u16()?,
        version: rest.u16()?,
    };
    Ok((head, rest))
}

impl Head {
    /// A block's length, if it can hold what version 0 has; version 0 itself has no more.
    const fn fitting(self, told: u16, schema: u16) -> Result<u16, Reject> {
        if told == schema || (told > schema && self.version > 0) {
            Ok(told)
        } else {
            Err(Reject::Layout)
        }
    }
}

/// A message laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub(super) root: Block<'a>,
    /// Those that the template does not have are empty.
    pub(super) groups: [Group<'a>; 2],
    pub(super) symbol: &'a [u8],
}

impl<'a> Message<'a> {
    pub(super) fn read(head: Head, shape: Shape, mut rest: Rest<'a>) -> Result<Self, Reject> {
        let root = rest.block(head.fitting(head.block_length, shape.root)?)?;
        let mut groups = [Group::EMPTY; 2];
        for group in groups.iter_mut().take(shape.groups) {
            *group = rest.group(head, shape)?;
        }
        let [symbol_bytes] = rest.array()?;
        let symbol = rest.take(symbol_bytes.into())?;
        if head.version == 0 && !rest.0.is_empty() {
            return Err(Reject::Layout);
        }
        Ok(Self {
            root,
            groups,
            symbol,
        })
    }
}

/// The fields of a message or an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a>(&'a [u8]);

impl Block<'_> {
    fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], Reject> {
        let bytes = self.0.get(at..).and_then(|rest| rest.first_chunk());
        bytes.copied().ok_or(Reject::Layout)
    }

    pub(super) fn u8(&self, at: usize) -> Result<u8, Reject> {
        self.array(at).map(u8::from_le_bytes)
    }

    pub(super) fn i8(&self, at: usize) -> Result<i8, Reject> {
        self.array(at).map(i8::from_le_bytes)
    }

    pub(super) fn i64(&self, at: usize) -> Result<i64, Reject> {
        self.array(at).map(i64::from_le_bytes)
    }
}

/// A repeating group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group<'a> {
    entries: &'a [u8],
    /// Bytes of one entry; never 0.
    entry: usize,
}

impl<'a> Group<'a> {
    const EMPTY: Self = Self {
        entries: &[],
        entry: 1,
    };

    pub(super) const fn len(self) -> usize {
        self.entries.len() / self.entry
    }

    pub(super) fn entries(self) -> impl Iterator<Item = Block<'a>> {
        self.entries.chunks_exact(self.entry).map(Block)
    }
}
