//! The replay service's language: one question a connection, then its answer.
//!
//! The server speaks first, 32 bytes: magic `feeddrpl`, version (`u16`, 1), six zeros, the
//! journal's identity (16 bytes). The question is 40 bytes:
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | magic `fdrq` |
//! | 4 | 4 | what: 1 = records, 2 = roster |
//! | 8 | 8 | `from`: number of the first frame wanted |
//! | 16 | 8 | `until`: number of the first frame not wanted any more |
//! | 24 | 4 | run of `from`; 0 = from the oldest frame there is; 2^32 - 1, with `from` 2^64 - 1 = from the newest |
//! | 28 | 4 | run of `until` |
//! | 32 | 8 | zero |
//!
//! The answer is a row of messages, each with a head of 8 bytes (kind and length of the body, `u32`
//! each):
//!
//! | kind | body |
//! |---|---|
//! | 1 batch | a batch, see [`super::wire`] |
//! | 2 missed | first and last number (`u64` each) that the journal does not have |
//! | 3 end | `u64`: why, 0 = a limit of the server, ask again; 1 = that was all; 2 = `until` was reached |
//! | 4 roster | UTF-8 text: which id is which symbol |
//! | 5 refused | UTF-8 text: why |

use std::io::{self, Read, Write};

use zerocopy::byteorder::little_endian::{U16, U32, U64, U128};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::position::Position;
use super::wire::BATCH_BYTES_MAX;

const HELLO_MAGIC: [u8; 8] = *b"feeddrpl";
const VERSION: u16 = 1;
const ASK_MAGIC: [u8; 4] = *b"fdrq";
const RECORDS: u32 = 1;
const ROSTER: u32 = 2;
/// Longest body of an answer's message: far more than a batch, and room for a roster of a million
/// symbols, a hundred times what the venues list.
const BODY_BYTES_MAX: usize = 32 << 20;

const _: () = assert!(BODY_BYTES_MAX > BATCH_BYTES_MAX);

/// What the server says first.
#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Hello {
    magic: [u8; 8],
    version: U16,
    zero: [u8; 6],
    journal: U128,
}

#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct AskBytes {
    magic: [u8; 4],
    what: U32,
    from_seq: U64,
    until_seq: U64,
    from_run: U32,
    until_run: U32,
    zero: [u8; 8],
}

#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct AnswerHead {
    kind: U32,
    length: U32,
}

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The frames from one place (included) to another (not included).
    Records {
        /// The first wanted; [`Position::START`] = the oldest there is, [`Position::END`] = the newest.
        from: Position,
        /// The first not wanted any more; [`Position::END`] = all there is.
        until: Position,
    },
    /// Which id is which symbol.
    Roster,
}

/// Why an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A limit of the server: ask again.
    Limit,
    /// There is no more for now.
    Head,
    /// The first frame not wanted was met: there is nothing else before it.
    Until,
}

/// One message of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A batch, not parsed yet.
    Batch(Vec<u8>),
    /// The journal does not have these numbers, both ends included.
    Missed {
        /// First number.
        from: u64,
        /// Last number.
        to: u64,
    },
    /// The end, and why.
    End(Stop),
    /// Which id is which symbol.
    Roster(String),
    /// The server does not answer, and says why.
    Refused(String),
}

fn broken(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn read<T: FromBytes + IntoBytes>(from: &mut impl Read) -> io::Result<T> {
    let mut value = T::new_zeroed();
    from.read_exact(value.as_mut_bytes())?;
    Ok(value)
}

/// Says which journal is served.
pub(super) fn write_hello(to: &mut impl Write, journal: u128) -> io::Result<()> {
    let hello = Hello {
        magic: HELLO_MAGIC,
        version: U16::new(VERSION),
        zero: [0; 6],
        journal: U128::new(journal),
    };
    to.write_all(hello.as_bytes())
}

/// Which journal is served.
pub(super) fn read_hello(from: &mut impl Read) -> io::Result<u128> {
    let hello = read::<Hello>(from)?;
    if hello.magic != HELLO_MAGIC || hello.version.get() != VERSION {
        return Err(broken("that is no replay service of this version"));
    }
    Ok(hello.journal.get())
}

impl Ask {
    pub(super) fn write(self, to: &mut impl Write) -> io::Result<()> {
        let (what, from, until) = match self {
            Self::Records { from, until } => (RECORDS, from, until),
            Self::Roster => (ROSTER, Position::START, Position::START),
        };
        let bytes = AskBytes {
            magic: ASK_MAGIC,
            what: U32::new(what),
            from_seq: U64::new(from.seq),
            until_seq: U64::new(until.seq),
            from_run: U32::new(from.run),
            until_run: U32::new(until.run),
            zero: [0; 8],
        };
        to.write_all(bytes.as_bytes())
    }

    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        let bytes = read::<AskBytes>(from)?;
        let position = |run: U32, seq: U64| Position {
            run: run.get(),
            seq: seq.get(),
        };
        match bytes.what.get() {
            _ if bytes.magic != ASK_MAGIC => Err(broken("that is no question")),
            RECORDS => Ok(Self::Records {
                from: position(bytes.from_run, bytes.from_seq),
                until: position(bytes.until_run, bytes.until_seq),
            }),
            ROSTER => Ok(Self::Roster),
            _ => Err(broken("that question is not known")),
        }
    }
}

/// Sends a batch that is already packed.
pub(super) fn write_batch(to: &mut impl Write, batch: &[u8]) -> io::Result<()> {
    write_message(to, 1, batch)
}

fn write_message(to: &mut impl Write, kind: u32, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len()).map_err(|_| broken("a message is too long"))?;
    let head = AnswerHead {
        kind: U32::new(kind),
        length: U32::new(length),
    };
    to.write_all(head.as_bytes())?;
    to.write_all(body)
}

impl Answer {
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Batch(bytes) => write_message(to, 1, bytes),
            Self::Missed { from, to: last } => {
                write_message(to, 2, [U64::new(*from), U64::new(*last)].as_bytes())
            }
            Self::End(stop) => write_message(to, 3, U64::new(*stop as u64).as_bytes()),
            Self::Roster(text) => write_message(to, 4, text.as_bytes()),
            Self::Refused(text) => write_message(to, 5, text.as_bytes()),
        }
    }

    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        let head = read::<AnswerHead>(from)?;
        let length = usize::try_from(head.length.get()).unwrap_or(usize::MAX);
        if length > BODY_BYTES_MAX {
            return Err(broken("a message of the answer is too long"));
        }
        // Grows with what really comes, not with what the head says.
        let mut body = Vec::new();
        let wanted = u64::from(head.length.get());
        from.take(wanted).read_to_end(&mut body)?;
        if body.len() < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Self::of_body(head.kind.get(), body)
    }

    fn of_body(kind: u32, body: Vec<u8>) -> io::Result<Self> {
        let text = |body| String::from_utf8(body).map_err(|_| broken("a text is not UTF-8"));
        let numbers = |body: &[u8]| <[U64; 2]>::read_from_bytes(body).ok();
        match kind {
            1 => Ok(Self::Batch(body)),
            2 => numbers(&body)
                .map(|[from, to]| Self::Missed {
                    from: from.get(),
                    to: to.get(),
                })
                .ok_or_else(|| broken("a message of missed numbers has the wrong length")),
            3 => match U64::read_from_bytes(&body).map(U64::get) {
                Ok(0) => Ok(Self::End(Stop::Limit)),
                Ok(1) => Ok(Self::End(Stop::Head)),
                Ok(2) => Ok(Self::End(Stop::Until)),
                _ => Err(broken("the end gives no known reason")),
            },
            4 => Ok(Self::Roster(text(body)?)),
            5 => Ok(Self::Refused(text(body)?)),
            _ => Err(broken("a message of the answer has an unknown kind")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn questions_and_answers_survive_the_way() {
        let from = Position { run: 1, seq: 2 };
        let until = Position { run: 3, seq: 4 };
        for ask in [Ask::Roster, Ask::Records { from, until }] {
            let mut bytes = Vec::new();
            ask.write(&mut bytes).unwrap();
            assert_eq!(Ask::read(&mut bytes.as_slice()).unwrap(), ask);
        }
        for answer in [
            Answer::Batch(vec![1, 2, 3]),
            Answer::Missed { from: 5, to: 6 },
            Answer::End(Stop::Limit),
            Answer::End(Stop::Head),
            Answer::End(Stop::Until),
            Answer::Roster("kraken-spot 0 BTC/USD\n".to_owned()),
            Answer::Refused("busy".to_owned()),
        ] {
            let mut bytes = Vec::new();
            answer.write(&mut bytes).unwrap();
            assert_eq!(Answer::read(&mut bytes.as_slice()).unwrap(), answer);
            for length in 0..bytes.len() {
                assert!(Answer::read(&mut &bytes[..length]).is_err(), "{length}");
            }
        }
        let mut bytes = Vec::new();
        write_hello(&mut bytes, 99).unwrap();
        assert_eq!(read_hello(&mut bytes.as_slice()).unwrap(), 99);
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = read_hello(&mut bytes.as_slice());
            let _ = Ask::read(&mut bytes.as_slice());
            let _ = Answer::read(&mut bytes.as_slice());
        }
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_anything_is_read() {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&1_u32.to_le_bytes());
        bytes.extend_from_slice(&u32::MAX.to_le_bytes());
        let error = Answer::read(&mut bytes.as_slice()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
