//! Where WebSocket frames and TLS records end in what was read.
//!
//! The libraries above do not tell how much of a read they still hold. These walkers follow the
//! same bytes by their length fields alone, so that it is known which frame ends with the last byte
//! of a read: the only one to which the kernel's stamp of that read belongs. They check nothing; a
//! peer that breaks the protocol is told so by the libraries, and then there is no frame to stamp.

/// The longest frame header: two bytes, eight of length, four of mask (RFC 6455, 5.2).
const HEADER_MAX: usize = 14;
/// The end of the HTTP answer before the first frame.
const HEAD_END: [u8; 4] = *b"\r\n\r\n";

/// Follows an HTTP answer and the WebSocket frames behind it.
#[derive(Clone, Debug)]
pub struct Frames {
    place: Place,
    ended: u64,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// In the HTTP answer; so many bytes of its end have come.
    Head(usize),
    /// In a header, or between frames.
    Header {
        bytes: [u8; HEADER_MAX],
        have: usize,
    },
    /// In a payload.
    Payload { left: u64, last: bool },
}

const BETWEEN: Place = Place::Header {
    bytes: [0; HEADER_MAX],
    have: 0,
};

impl Default for Frames {
    fn default() -> Self {
        Self {
            place: Place::Head(0),
            ended: 0,
        }
    }
}

impl Frames {
    /// Messages that have ended, control frames included.
    #[must_use]
    pub const fn ended(&self) -> u64 {
        self.ended
    }

    /// Whether no frame is begun.
    #[must_use]
    pub const fn is_between(&self) -> bool {
        matches!(self.place, Place::Header { have: 0, .. })
    }

    /// Goes on through `bytes`.
    #[inline]
    pub fn walk(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.place {
                Place::Head(matched) => self.walk_head(matched, bytes),
                Place::Header { bytes: head, have } => self.walk_header(head, have, bytes),
                Place::Payload { left, last } => self.walk_payload(left, last, bytes),
            };
        }
    }

    fn walk_head<'a>(&mut self, mut matched: usize, bytes: &'a [u8]) -> &'a [u8] {
        for (at, byte) in bytes.iter().enumerate() {
            matched = match *byte {
                byte if byte == HEAD_END[matched] => matched + 1,
                b'\r' => 1,
                _ => 0,
            };
            if matched == HEAD_END.len() {
                self.place = BETWEEN;
                return &bytes[at + 1..];
            }
        }
        self.place = Place::Head(matched);
        &[]
    }

    fn walk_header<'a>(
        &mut self,
        mut head: [u8; HEADER_MAX],
        have: usize,
        bytes: &'a [u8],
    ) -> &'a [u8] {
        let more = bytes.len().min(HEADER_MAX - have);
        head[have..have + more].copy_from_slice(&bytes[..more]);
        let Some((header, payload)) = lengths(&head[..have + more]) else {
            self.place = Place::Header {
                bytes: head,
                have: have + more,
            };
            return &bytes[more..];
        };
        let last = head[0] & 0x80 != 0;
        self.enter(payload, last);
        &bytes[header - have..]
    }

    fn walk_payload<'a>(&mut self, left: u64, last: bool, bytes: &'a [u8]) -> &'a [u8] {
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        self.enter(left - part as u64, last);
        &bytes[part..]
    }

    const fn enter(&mut self, left: u64, last: bool) {
        if left > 0 {
            self.place = Place::Payload { left, last };
        } else {
            self.place = BETWEEN;
            self.ended += last as u64;
        }
    }
}

/// Lengths of header and payload, if `head` holds the whole header.
fn lengths(head: &[u8]) -> Option<(usize, u64)> {
    let second = *head.get(1)?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (header, payload) = match second & 0x7F {
        126 => (
            4,
            u64::from(u16::from_be_bytes(head.get(2..4)?.try_into().ok()?)),
        ),
        127 => (10, u64::from_be_bytes(head.get(2..10)?.try_into().ok()?)),
        short => (2, u64::from(short)),
    };
    (head.len() >= header + mask).then_some((header + mask, payload))
}

/// The header of a TLS record: type, version, length (RFC 8446, 5.1).
const RECORD_HEADER: usize = 5;

/// Follows TLS records.
#[derive(Clone, Copy, Debug, Default)]
pub struct Records {
    header: [u8; RECORD_HEADER],
    have: usize,
    left: usize,
}

impl Records {
    /// Whether no record is begun.
    #[must_use]
    pub const fn is_between(&self) -> bool {
        self.have == 0 && self.left == 0
    }

    /// Goes on through `bytes`.
    #[inline]
    pub fn walk(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let part = self.left.min(bytes.len());
                self.left -= part;
                bytes = &bytes[part..];
                continue;
            }
            let part = bytes.len().min(RECORD_HEADER - self.have);
            self.header[self.have..self.have + part].copy_from_slice(&bytes[..part]);
            self.have += part;
            bytes = &bytes[part..];
            if self.have == RECORD_HEADER {
                self.have = 0;
                self.left = usize::from(u16::from_be_bytes([self.header[3], self.header[4]]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, payload: usize, masked: bool) -> Vec<u8> {
        let mut bytes = vec![first];
        let mask = if masked { 0x80 } else { 0 };
        match payload {
            0..126 => bytes.push(mask | payload as u8),
            126..65_536 => {
                bytes.push(mask | 126);
                bytes.extend((payload as u16).to_be_bytes());
            }
            _ => {
                bytes.push(mask | 127);
                bytes.extend((payload as u64).to_be_bytes());
            }
        }
        bytes.extend(vec![7; payload + usize::from(masked) * 4]);
        bytes
    }

    /// Everything that a peer may send, with the number of messages that have ended behind each
    /// part.
    fn course() -> (Vec<u8>, Vec<(usize, u64)>) {
        let answer = b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\r\n\r\n".to_vec();
        let parts = [
            (answer, 0),
            (frame(0x81, 5, false), 1),
            (frame(0x81, 0, false), 2),
            (frame(0x01, 300, false), 2),
            (frame(0x89, 125, false), 3),
            (frame(0x80, 126, true), 4),
            (frame(0x82, 70_000, false), 5),
            (frame(0x81, 1, false), 6),
        ];
        let mut bytes = Vec::new();
        let mut ends = Vec::new();
        for (part, ended) in parts {
            bytes.extend(part);
            ends.push((bytes.len(), ended));
        }
        (bytes, ends)
    }

    #[test]
    fn frames_are_counted_however_the_bytes_are_cut() {
        let (bytes, ends) = course();
        for step in [1, 2, 3, 7, 14, 100, 4096, bytes.len()] {
            let mut frames = Frames::default();
            let mut at = 0;
            for part in bytes.chunks(step) {
                frames.walk(part);
                at += part.len();
                let ended = ends.iter().rev().find(|(end, _)| *end <= at);
                assert_eq!(frames.ended(), ended.map_or(0, |(_, ended)| *ended));
                let between = ends.iter().any(|(end, _)| *end == at);
                assert_eq!(frames.is_between(), between, "step {step}, {at} bytes");
            }
        }
    }

    #[test]
    fn records_end_where_their_lengths_say() {
        let mut bytes = Vec::new();
        let mut ends = vec![0];
        for length in [1_u16, 0, 17, 16_640, 300] {
            bytes.extend([23, 3, 3]);
            bytes.extend(length.to_be_bytes());
            bytes.extend(vec![9; usize::from(length)]);
            ends.push(bytes.len());
        }
        for step in [1, 2, 5, 6, 100, bytes.len()] {
            let mut records = Records::default();
            let mut at = 0;
            for part in bytes.chunks(step) {
                records.walk(part);
                at += part.len();
                assert_eq!(records.is_between(), ends.contains(&at), "{at} of {step}");
            }
        }
    }
}
