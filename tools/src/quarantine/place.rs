//! Where in a frame stands what the decoder found wrong, as far as the frame alone can tell.

use std::collections::HashSet;

use feedd_codecs::Reject;
use serde::de::IgnoredAny;

use super::escape::excerpt;

/// Characters shown from the place on: a field and its value.
const EXCERPT_CHARS: usize = 40;

/// The place of what `reject` names in `frame`, in words; bytes are counted from 0. Nothing for
/// rules about the whole frame, for what is missing, and for fields of binary messages.
pub(super) fn place(reject: Reject, frame: &[u8]) -> Option<String> {
    match reject {
        Reject::InvalidUtf8 => {
            let error = str::from_utf8(frame).err()?;
            Some(at(frame, error.valid_up_to()))
        }
        Reject::InvalidJson | Reject::TooDeep => {
            let error = serde_json::from_slice::<IgnoredAny>(frame).err()?;
            Some(error.to_string())
        }
        Reject::DuplicateField => twice(frame).map(|key| at(frame, key.at)),
        Reject::WrongType(name)
        | Reject::InvalidNumber(name)
        | Reject::NumberRange(name)
        | Reject::Negative(name)
        | Reject::InvalidTime(name)
        | Reject::InvalidSide(name)
        | Reject::InvalidId(name) => named(frame, name),
        _ => None,
    }
}

fn at(frame: &[u8], at: usize) -> String {
    let rest = frame.get(at..).unwrap_or_default();
    format!("at byte {at}: {}", excerpt(rest, EXCERPT_CHARS))
}

/// The first field of that name. Which of several it was the decoder does not say.
fn named(frame: &[u8], name: &str) -> Option<String> {
    let mut keys = Keys::new(frame).filter(|key| key.name == name.as_bytes());
    let first = at(frame, keys.next()?.at);
    Some(match keys.count() {
        0 => first,
        more => format!("one of {} fields `{name}`, the first {first}", more + 1),
    })
}

/// The first field whose object has one of that name already.
fn twice(frame: &[u8]) -> Option<Key<'_>> {
    let mut seen = HashSet::new();
    Keys::new(frame).find(|key| !seen.insert((key.object, key.name)))
}

/// A field's name.
#[derive(Clone, Copy, Debug)]
struct Key<'a> {
    /// Number of its object in the text.
    object: usize,
    /// Offset of its opening quote.
    at: usize,
    /// Between the quotes, escapes and all.
    name: &'a [u8],
}

/// The names of all fields of a JSON text, in text order. Of what is no JSON it makes something,
/// and ends.
#[derive(Debug)]
struct Keys<'a> {
    text: &'a [u8],
    at: usize,
    open: Vec<usize>,
    objects: usize,
}

impl<'a> Keys<'a> {
    const fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            open: Vec::new(),
            objects: 0,
        }
    }

    /// Takes the string that begins at `start`; its name, if a colon follows.
    fn string(&mut self, start: usize) -> Option<Key<'a>> {
        let inside = self.text.get(start + 1..)?;
        let len = string_len(inside);
        self.at = start + 1 + len + 1;
        let after = self.text.get(self.at..)?.trim_ascii_start();
        after.starts_with(b":").then_some(Key {
            object: self.open.last().copied().unwrap_or_default(),
            at: start,
            name: inside.get(..len)?,
        })
    }
}

impl<'a> Iterator for Keys<'a> {
    type Item = Key<'a>;

    fn next(&mut self) -> Option<Key<'a>> {
        loop {
            let at = self.at;
            self.at += 1;
            match self.text.get(at)? {
                b'{' => {
                    self.objects += 1;
                    self.open.push(self.objects);
                }
                b'}' => drop(self.open.pop()),
                b'"' => {
                    if let Some(key) = self.string(at) {
                        return Some(key);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Bytes before the closing quote, or all.
fn string_len(inside: &[u8]) -> usize {
    let mut escaped = false;
    let end = inside.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    end.unwrap_or(inside.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(reject: Reject, frame: &str) -> Option<String> {
        place(reject, frame.as_bytes())
    }

    #[test]
    fn a_field_is_found_where_it_is_a_key_and_not_where_it_is_a_value() {
        let frame = r#"{"e":"p","x":"\"p\":","p" : 7}"#;
        assert_eq!(
            of(Reject::WrongType("p"), frame).unwrap(),
            r#"at byte 21: "p" : 7}"#.replace("21", &frame.find("\"p\" :").unwrap().to_string())
        );
        assert_eq!(of(Reject::WrongType("q"), frame), None);
        assert_eq!(of(Reject::MissingField("p"), frame), None);
    }

    #[test]
    fn a_name_that_stands_several_times_is_told_with_its_count() {
        let place = of(Reject::Negative("p"), r#"[{"p":1},{"p":-1}]"#).unwrap();
        assert_eq!(
            place,
            r#"one of 2 fields `p`, the first at byte 2: "p":1},{"p":-1}]"#
        );
    }

    #[test]
    fn a_duplicate_is_found_within_its_own_object_only() {
        let frame = r#"{"a":{"b":1},"b":2,"c":[{"b":1,"b":2}]}"#;
        let place = of(Reject::DuplicateField, frame).unwrap();
        assert_eq!(place, r#"at byte 31: "b":2}]}"#);
        assert_eq!(of(Reject::DuplicateField, r#"{"a":{"a":1}}"#), None);
    }

    #[test]
    fn broken_text_is_told_by_its_byte_or_column() {
        let place = super::place(Reject::InvalidUtf8, b"{\"a\":\"\xff\"}").unwrap();
        assert_eq!(place, "at byte 6: \\xff\"}");
        let place = of(Reject::InvalidJson, r#"{"a":1"#).unwrap();
        assert!(place.contains("line 1 column 6"), "{place}");
    }

    #[test]
    fn text_cut_at_any_byte_ends_the_search() {
        let frame = r#"{"a":{"b":"c\"\\"},"b":2}"#;
        for end in 0..frame.len() {
            let keys = Keys::new(&frame.as_bytes()[..end]).count();
            assert!(keys <= 3, "{end}");
        }
    }
}
