//! Recordings as frames, line by line.
//!
//! No line is read further into memory than the longest frame that the decoder takes; the rest of a
//! longer one is passed over.

use std::io::{self, BufRead, Cursor, Read};
use std::path::Path;

use feedd_codecs::json::FRAME_BYTES_MAX;
use serde::de::IgnoredAny;

use crate::exit::Failure;
use crate::source::{self, Line, read_line};

/// Longest line: a frame, the 19 digits of its stamp, a blank and the line end, with some room.
const LINE_BYTES_MAX: usize = FRAME_BYTES_MAX + 32;

/// A frame of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken<'a> {
    /// Number of its line, from 1.
    pub(super) line: u64,
    /// Its receive stamp, 0 if it has none.
    pub(super) ts_recv: i64,
    /// The frame; nothing if it is longer than any frame may be.
    pub(super) frame: Option<&'a [u8]>,
}

/// How frames stand in a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Receive stamp, blank, frame.
    Stamped,
    /// Frames only: one a line, or one in the whole file.
    Bare,
}

/// The frames of one file.
pub(super) struct Frames {
    reader: Box<dyn BufRead>,
    form: Form,
    line: u64,
    text: Vec<u8>,
    /// Whether `text` is the whole file, one frame that was not handed out yet.
    whole: bool,
    /// What broke the file behind what `reader` still holds.
    damage: Option<io::Error>,
}

impl Frames {
    /// Opens `path`, or standard input for `-`.
    pub(super) fn open(path: &Path, form: Form) -> Result<Self, Failure> {
        Ok(Self::new(source::open(path)?, form))
    }

    fn new(reader: Box<dyn BufRead>, form: Form) -> Self {
        let mut frames = Self {
            reader,
            form,
            line: 0,
            text: Vec::new(),
            whole: false,
            damage: None,
        };
        if form == Form::Bare {
            frames.look_for_one_text();
        }
        frames
    }

    /// A file of bare frames may be a single one over many lines. What was read to find out is read
    /// again, as lines, if it is not.
    fn look_for_one_text(&mut self) {
        let mut start = Vec::new();
        let limit = FRAME_BYTES_MAX as u64 + 1;
        let outcome = self.reader.by_ref().take(limit).read_to_end(&mut start);
        self.damage = outcome.err();
        self.whole = self.damage.is_none()
            && start.len() <= FRAME_BYTES_MAX
            && serde_json::from_slice::<IgnoredAny>(&start).is_ok();
        if self.whole {
            self.text = start;
        } else {
            let none = Box::new(io::empty());
            let rest: Box<dyn BufRead> = match self.damage {
                Some(_) => none,
                None => std::mem::replace(&mut self.reader, none),
            };
            self.reader = Box::new(Cursor::new(start).chain(rest));
        }
    }

    /// Number of the line that was read last, or on which reading broke off.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    /// The next frame; nothing at the end. Blank lines are passed over.
    pub(super) fn next(&mut self) -> io::Result<Option<Taken<'_>>> {
        if std::mem::take(&mut self.whole) {
            return Ok(Some(taken(1, 0, self.text.trim_ascii())));
        }
        let found = loop {
            self.line += 1;
            let found = read_line(&mut self.reader, &mut self.text, LINE_BYTES_MAX)?;
            if found != Line::Whole || !self.text.trim_ascii().is_empty() {
                break found;
            }
        };
        let (ts_recv, frame) = match self.form {
            Form::Stamped => split_stamp(self.text.trim_ascii()),
            Form::Bare => (0, self.text.trim_ascii()),
        };
        match found {
            Line::None => self.damage.take().map_or(Ok(None), Err),
            Line::Whole => Ok(Some(taken(self.line, ts_recv, frame))),
            Line::TooLong => Ok(Some(Taken {
                line: self.line,
                ts_recv,
                frame: None,
            })),
        }
    }
}

/// `<ns> <frame>`; a line that does not begin so is a frame without a stamp.
fn split_stamp(line: &[u8]) -> (i64, &[u8]) {
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (stamp, rest) = line.split_at(digits);
    let stamp = str::from_utf8(stamp)
        .ok()
        .and_then(|text| text.parse().ok());
    match (stamp, rest.first()) {
        (Some(stamp), Some(b' ' | b'\t')) => (stamp, rest.trim_ascii_start()),
        _ => (0, line),
    }
}

fn taken(line: u64, ts_recv: i64, frame: &[u8]) -> Taken<'_> {
    Taken {
        line,
        ts_recv,
        frame: Some(frame).filter(|frame| frame.len() <= FRAME_BYTES_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(bytes: &'static [u8], form: Form) -> Vec<(u64, i64, String)> {
        let mut frames = Frames::new(Box::new(bytes), form);
        let mut all = Vec::new();
        while let Some(taken) = frames.next().unwrap() {
            let text = taken
                .frame
                .map_or("too long".into(), String::from_utf8_lossy);
            all.push((taken.line, taken.ts_recv, text.into_owned()));
        }
        all
    }

    fn expected(all: &[(u64, i64, &str)]) -> Vec<(u64, i64, String)> {
        all.iter()
            .map(|(line, ts_recv, text)| (*line, *ts_recv, (*text).to_owned()))
            .collect()
    }

    #[test]
    fn stamps_are_split_off_and_blank_lines_passed_over() {
        let file = b"17 {\"a\":1}\n\n  \r\n{\"b\":2}\r\n18\t[3]";
        assert_eq!(
            frames(file, Form::Stamped),
            expected(&[(1, 17, r#"{"a":1}"#), (4, 0, r#"{"b":2}"#), (5, 18, "[3]")])
        );
    }

    #[test]
    fn numbers_that_are_no_stamp_stay_in_the_frame() {
        let file = b"17\n99999999999999999999 {}\n17{}\n-17 {}";
        assert_eq!(
            frames(file, Form::Stamped),
            expected(&[
                (1, 0, "17"),
                (2, 0, "99999999999999999999 {}"),
                (3, 0, "17{}"),
                (4, 0, "-17 {}")
            ])
        );
    }

    #[test]
    fn a_file_that_is_one_text_over_many_lines_is_one_frame() {
        let file = b"{\n  \"a\": 1,\n  \"b\": [1.0e400]\n}\n";
        assert_eq!(
            frames(file, Form::Bare),
            expected(&[(1, 0, "{\n  \"a\": 1,\n  \"b\": [1.0e400]\n}")])
        );
    }

    #[test]
    fn a_file_of_several_texts_is_a_frame_a_line() {
        let file = b"{\"a\":1}\n\n17 {\"b\":2}\n";
        assert_eq!(
            frames(file, Form::Bare),
            expected(&[(1, 0, r#"{"a":1}"#), (3, 0, r#"17 {"b":2}"#)])
        );
    }

    #[test]
    fn a_gzip_file_that_ends_early_gives_its_lines_and_then_an_error() {
        use std::io::Write as _;
        let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        zip.write_all(b"1 {}\n2 {}\n3 {}\n").unwrap();
        let mut zipped = zip.finish().unwrap();
        zipped.truncate(zipped.len() - 12);
        for form in [Form::Stamped, Form::Bare] {
            let zipped = Box::new(Cursor::new(zipped.clone()));
            let mut frames = Frames::new(source::unzipped(zipped).unwrap(), form);
            assert_eq!(frames.next().unwrap().unwrap().line, 1, "{form:?}");
            assert_eq!(frames.next().unwrap().unwrap().line, 2, "{form:?}");
            assert!((0..2).any(|_| frames.next().is_err()), "{form:?}");
        }
    }
}
