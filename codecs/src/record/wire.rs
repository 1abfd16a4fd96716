//! Records to bytes and back.
//!
//! Writing copies the fixed block and, behind it, groups or texts. Reading is zero-copy for the
//! fixed block and the levels: the bytes must be 8-byte aligned, which rings and journals promise.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{
    Bbo, BookEvent, BookHead, Candle, Gap, Header, InstrumentText, Kind, Level, Liquidation, Order,
    OrdersEvent, OrdersHead, Record, SCHEMA_ID, TickerEvent, TickerHead, Trade,
};

/// Longest text in a record, in bytes: symbols have at most 40, venue texts are cut to this.
pub(super) const TEXT_BYTES_MAX: usize = 1024;

/// Largest encoded record: the orders of one message, at most 65,536 (Kraken's snapshot of 1,000
/// price levels a side with some tens of orders each). A book of 2 × 65,536 levels, far above every
/// venue's limit (Bybit's full book has 10,000 a side), is shorter.
pub const RECORD_BYTES_MAX: usize =
    size_of::<OrdersHead>() + 2 * GROUP_HEAD + 65_536 * size_of::<Order>();

/// Bytes of an SBE group head: `u16` entry length, `u16` zero, `u32` count.
const GROUP_HEAD: usize = 8;

/// Why bytes are no record of this schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Fewer bytes than the record's own lengths ask for.
    #[error("the record is cut short")]
    Short,
    /// Not 8-byte aligned.
    #[error("the record does not begin at a multiple of 8 bytes")]
    Misaligned,
    /// Another SBE schema.
    #[error("schema {0:#06x} is not this project's")]
    Schema(u16),
    /// A kind that a later version added; skip it by its length.
    #[error("template {0} is not known to this version")]
    Template(u16),
    /// A block length or group entry length that no version wrote.
    #[error("the record's inner lengths contradict each other")]
    Layout,
    /// A text that is not UTF-8.
    #[error("a text of the record is not UTF-8")]
    Text,
}

impl<'a> Record<'a> {
    /// Bytes of the encoded record: always a multiple of 8.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        let mut bytes = 0;
        self.for_each_part(|part| bytes += part.len());
        bytes
    }

    /// Writes the record into `buffer`, which must be at least [`Record::encoded_len`] long, and
    /// returns the bytes written; `None` if it is too short.
    pub fn encode(&self, buffer: &mut [u8]) -> Option<usize> {
        let mut at = 0;
        let mut fits = true;
        self.for_each_part(|part| {
            if let Some(slot) = buffer.get_mut(at..at + part.len()) {
                slot.copy_from_slice(part);
                at += part.len();
            } else {
                fits = false;
            }
        });
        fits.then_some(at)
    }

    /// Calls `part` with the record's bytes, piece by piece.
    pub fn for_each_part(&self, mut part: impl FnMut(&[u8])) {
        match self {
            Self::Trade(trade) => part(trade.as_bytes()),
            Self::Bbo(bbo) => part(bbo.as_bytes()),
            Self::Gap(gap) => part(gap.as_bytes()),
            Self::BookDelta(event) | Self::BookSnapshot(event) => {
                part(event.head.as_bytes());
                for levels in [event.bids, event.asks] {
                    group_parts(levels, &mut part);
                }
            }
            Self::Ticker(event) => {
                part(event.head.as_bytes());
                group_parts(event.figures, &mut part);
            }
            Self::Candle(candle) => part(candle.as_bytes()),
            Self::Liquidation(liquidation) => part(liquidation.as_bytes()),
            Self::OrdersDelta(event) | Self::OrdersSnapshot(event) => {
                part(event.head.as_bytes());
                for orders in [event.bids, event.asks] {
                    group_parts(orders, &mut part);
                }
            }
            Self::Instrument(head, text) => {
                part(head.as_bytes());
                let texts = [text.symbol, text.base, text.quote, text.settle, text.name];
                text_parts(&texts, part);
            }
            Self::Status(head, text) => {
                part(head.as_bytes());
                text_parts(&[text], part);
            }
        }
    }

    /// Reads one record; `bytes` may be longer than it.
    ///
    /// # Errors
    ///
    /// A [`WireError`]; [`WireError::Template`] is not corruption but a newer writer.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, WireError> {
        if !bytes.as_ptr().addr().is_multiple_of(8) {
            return Err(WireError::Misaligned);
        }
        let (header, _) = Header::ref_from_prefix(bytes).map_err(|_| WireError::Short)?;
        if header.schema_id != SCHEMA_ID {
            return Err(WireError::Schema(header.schema_id));
        }
        let kind =
            Kind::of_template(header.template_id).ok_or(WireError::Template(header.template_id))?;
        let rest = bytes
            .get(8 + usize::from(header.block_length)..)
            .ok_or(WireError::Short)?;
        match kind {
            Kind::Trade => fixed::<Trade>(bytes, header).map(Self::Trade),
            Kind::Bbo => fixed::<Bbo>(bytes, header).map(Self::Bbo),
            Kind::Gap => fixed::<Gap>(bytes, header).map(Self::Gap),
            Kind::BookDelta => book(fixed(bytes, header)?, rest).map(Self::BookDelta),
            Kind::BookSnapshot => book(fixed(bytes, header)?, rest).map(Self::BookSnapshot),
            Kind::Ticker => {
                let (head, figures) = (fixed::<TickerHead>(bytes, header)?, group(rest)?.0);
                Ok(Self::Ticker(TickerEvent { head, figures }))
            }
            Kind::Candle => fixed::<Candle>(bytes, header).map(Self::Candle),
            Kind::Liquidation => fixed::<Liquidation>(bytes, header).map(Self::Liquidation),
            Kind::OrdersDelta => orders(fixed(bytes, header)?, rest).map(Self::OrdersDelta),
            Kind::OrdersSnapshot => orders(fixed(bytes, header)?, rest).map(Self::OrdersSnapshot),
            Kind::Instrument => {
                let (symbol, rest) = text(rest)?;
                let (base, rest) = text(rest)?;
                let (quote, rest) = text(rest)?;
                let (settle, rest) = text(rest)?;
                let (name, _) = text(rest)?;
                Ok(Self::Instrument(
                    fixed(bytes, header)?,
                    InstrumentText {
                        symbol,
                        base,
                        quote,
                        settle,
                        name,
                    },
                ))
            }
            Kind::Status => Ok(Self::Status(fixed(bytes, header)?, text(rest)?.0)),
        }
    }
}

fn group_parts<T: IntoBytes + Immutable>(entries: &[T], part: &mut impl FnMut(&[u8])) {
    part(&group_head(size_of::<T>(), entries.len()));
    part(entries.as_bytes());
}

fn group_head(entry: usize, count: usize) -> [u8; GROUP_HEAD] {
    let entry = (entry as u64).to_le_bytes();
    let count = u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes();
    [
        entry[0], entry[1], 0, 0, count[0], count[1], count[2], count[3],
    ]
}

/// Texts with their lengths, then zeros up to a multiple of 8.
fn text_parts(texts: &[&str], mut part: impl FnMut(&[u8])) {
    let mut bytes = 0;
    for text in texts {
        let text = clipped(text);
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
        part(&length.to_le_bytes());
        part(text.as_bytes());
        bytes += 2 + text.len();
    }
    part(&[0; 8][..bytes.next_multiple_of(8) - bytes]);
}

fn clipped(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}

/// The fixed block as this version's type; a newer, longer block is read by its known beginning.
fn fixed<'a, T>(bytes: &'a [u8], header: &Header) -> Result<&'a T, WireError>
where
    T: FromBytes + Immutable + KnownLayout,
{
    if 8 + usize::from(header.block_length) < size_of::<T>() {
        return Err(WireError::Layout);
    }
    T::ref_from_prefix(bytes)
        .map(|(block, _)| block)
        .map_err(|_| WireError::Short)
}

fn book<'a>(head: &'a BookHead, rest: &'a [u8]) -> Result<BookEvent<'a>, WireError> {
    let (bids, rest) = group::<Level>(rest)?;
    let (asks, _) = group(rest)?;
    Ok(BookEvent { head, bids, asks })
}

fn orders<'a>(head: &'a OrdersHead, rest: &'a [u8]) -> Result<OrdersEvent<'a>, WireError> {
    let (bids, rest) = group(rest)?;
    let (asks, _) = group(rest)?;
    Ok(OrdersEvent { head, bids, asks })
}

fn group<T: FromBytes + Immutable>(bytes: &[u8]) -> Result<(&[T], &[u8]), WireError> {
    let (head, rest) = bytes.split_at_checked(GROUP_HEAD).ok_or(WireError::Short)?;
    if usize::from(u16::from_le_bytes([head[0], head[1]])) != size_of::<T>() {
        return Err(WireError::Layout);
    }
    let count = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    let count = usize::try_from(count).map_err(|_| WireError::Short)?;
    <[T]>::ref_from_prefix_with_elems(rest, count).map_err(|_| WireError::Short)
}

fn text(bytes: &[u8]) -> Result<(&str, &[u8]), WireError> {
    let (length, rest) = bytes.split_at_checked(2).ok_or(WireError::Short)?;
    let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
    let (text, rest) = rest.split_at_checked(length).ok_or(WireError::Short)?;
    Ok((
        core::str::from_utf8(text).map_err(|_| WireError::Text)?,
        rest,
    ))
}
