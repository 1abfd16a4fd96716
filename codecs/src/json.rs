//! The general path into a frame: simd-json's tape, with every number kept as text.
//!
//! simd-json turns a bare `0.10000000` into a binary fraction, which loses the digits that prices,
//! quantities and Kraken's checksums are made of. So a linear pass first copies the frame and puts
//! quotes around each bare number; the tape then holds the wire text of every scalar, whether the
//! venue wrote `"1.10"` or `1.10`. The buffers are reused: after warm-up nothing is allocated.

use simd_json::{Buffers, Node, StaticNode, Tape};

use crate::fixed::{self, Fixed};
use crate::reject::Reject;
use crate::time::{self, Nanos};

/// Deepest nesting that is read: the venues' deepest messages have six levels.
pub const DEPTH_MAX: usize = 32;

/// Most fields of an object that is read in full: the venues' largest (a Binance symbol) has about 40.
const FIELDS_MAX: usize = 128;

/// Longest frame or REST body that is read, in bytes: Binance's full exchangeInfo has about 20 MB.
pub const FRAME_BYTES_MAX: usize = 32 << 20;

/// Reusable parser state.
pub struct Json {
    quoted: Vec<u8>,
    buffers: Buffers,
    tape: Tape<'static>,
}

impl std::fmt::Debug for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Json")
            .field("buffer_bytes", &self.quoted.capacity())
            .finish_non_exhaustive()
    }
}

impl Default for Json {
    fn default() -> Self {
        Self {
            quoted: Vec::with_capacity(64 << 10),
            buffers: Buffers::with_max_depth(64 << 10, DEPTH_MAX),
            tape: Tape(Vec::new()),
        }
    }
}

impl Json {
    /// Parses `frame` and hands its root to `read`.
    ///
    /// # Errors
    ///
    /// The rule that the text breaks, or what `read` refused.
    pub fn read<T>(
        &mut self,
        frame: &[u8],
        read: impl FnOnce(Item<'_, '_>) -> Result<T, Reject>,
    ) -> Result<T, Reject> {
        check_text(frame)?;
        quote_numbers(frame, &mut self.quoted);
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let outcome = match simd_json::fill_tape(&mut self.quoted, &mut self.buffers, &mut tape) {
            Ok(()) => read(Item(&tape.0)),
            Err(error) => Err(syntax(error.error())),
        };
        self.tape = tape.reset();
        outcome
    }
}

/// The cheap tests that name a frame's trouble better than a parser could.
fn check_text(frame: &[u8]) -> Result<(), Reject> {
    match frame.iter().find(|byte| !byte.is_ascii_whitespace()) {
        _ if frame.len() > FRAME_BYTES_MAX => Err(Reject::TooLarge),
        None => Err(Reject::Empty),
        Some(b'<') => Err(Reject::Html),
        Some(_) => Ok(()),
    }
}

const fn syntax(error: &simd_json::ErrorType) -> Reject {
    match error {
        simd_json::ErrorType::InvalidUtf8 => Reject::InvalidUtf8,
        simd_json::ErrorType::DepthLimitExceeded => Reject::TooDeep,
        simd_json::ErrorType::InputTooLarge => Reject::TooLarge,
        _ => Reject::InvalidJson,
    }
}

/// Copies `frame`, putting quotes around bare numbers. Strings are copied as they are, so text that
/// is no JSON stays no JSON.
fn quote_numbers(frame: &[u8], quoted: &mut Vec<u8>) {
    quoted.clear();
    let mut rest = frame;
    while let Some(&byte) = rest.first() {
        let taken = match byte {
            b'"' => string_len(rest),
            b'-' | b'0'..=b'9' => number_len(rest),
            _ => rest
                .iter()
                .position(|byte| matches!(byte, b'"' | b'-' | b'0'..=b'9'))
                .unwrap_or(rest.len()),
        };
        let (piece, tail) = rest.split_at(taken);
        if byte != b'"' && is_number(piece) && !is_key(tail) {
            quoted.push(b'"');
            quoted.extend_from_slice(piece);
            quoted.push(b'"');
        } else {
            quoted.extend_from_slice(piece);
        }
        rest = tail;
    }
}

/// Whether `text` is a number by the grammar of JSON; what is none stays bare for the parser to
/// refuse.
fn is_number(text: &[u8]) -> bool {
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, rest) = split_digits(rest);
    let (fraction, rest) = match rest.strip_prefix(b".") {
        Some(rest) => split_digits(rest),
        None => (&b"0"[..], rest),
    };
    let power = match rest.split_first() {
        Some((b'e' | b'E', rest)) => {
            let signed = matches!(rest.first(), Some(b'+' | b'-'));
            let (power, rest) = split_digits(&rest[usize::from(signed)..]);
            !power.is_empty() && rest.is_empty()
        }
        Some(_) => false,
        None => true,
    };
    let leading_zero = whole.len() > 1 && whole[0] == b'0';
    !whole.is_empty() && !leading_zero && !fraction.is_empty() && power
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

/// Whether what stands before `tail` is a key: a bare number must not become one by its quotes.
fn is_key(tail: &[u8]) -> bool {
    tail.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// Bytes of the string that `text` begins with, both quotes included.
fn string_len(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

fn number_len(text: &[u8]) -> usize {
    let inside = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
    text.iter()
        .position(|byte| !inside(byte))
        .unwrap_or(text.len())
}

/// One value: its node and those of its parts. Scalars are text, `true`/`false` or null.
#[derive(Clone, Copy, Debug)]
pub struct Item<'t, 'f>(&'t [Node<'f>]);

/// Splits the first value, with all its parts, off a run of nodes.
fn split_value<'t, 'f>(nodes: &'t [Node<'f>]) -> Option<(Item<'t, 'f>, &'t [Node<'f>])> {
    let parts = match nodes.first()? {
        Node::Object { count, .. } | Node::Array { count, .. } => *count,
        Node::String(_) | Node::Static(_) => 0,
    };
    let (value, rest) = nodes.split_at_checked(parts + 1)?;
    Some((Item(value), rest))
}

impl<'t, 'f> Item<'t, 'f> {
    fn node(self) -> Option<Node<'f>> {
        self.0.first().copied()
    }

    /// The object, or `WrongType(field)`.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`].
    pub fn object(self, field: &'static str) -> Result<Fields<'t, 'f>, Reject> {
        match self.0.split_first() {
            Some((Node::Object { .. }, parts)) => Ok(Fields(parts)),
            _ => Err(Reject::WrongType(field)),
        }
    }

    /// The array's items, or `WrongType(field)`.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`].
    pub fn array(self, field: &'static str) -> Result<Items<'t, 'f>, Reject> {
        match self.0.split_first() {
            Some((Node::Array { len, .. }, parts)) => Ok(Items { len: *len, parts }),
            _ => Err(Reject::WrongType(field)),
        }
    }

    /// Whether this is an array.
    #[must_use]
    pub fn is_array(self) -> bool {
        matches!(self.node(), Some(Node::Array { .. }))
    }

    /// Whether this is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        matches!(self.node(), Some(Node::Object { .. }))
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        matches!(self.node(), Some(Node::Static(StaticNode::Null)))
    }

    /// The text of a string or a bare number.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`].
    pub fn text(self, field: &'static str) -> Result<&'f str, Reject> {
        match self.node() {
            Some(Node::String(text)) => Ok(text),
            _ => Err(Reject::WrongType(field)),
        }
    }

    /// `true` or `false`.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`].
    pub fn boolean(self, field: &'static str) -> Result<bool, Reject> {
        match self.node() {
            Some(Node::Static(StaticNode::Bool(value))) => Ok(value),
            _ => Err(Reject::WrongType(field)),
        }
    }

    /// An unsigned whole number, bare or quoted.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`], [`Reject::InvalidNumber`] or [`Reject::NumberRange`].
    pub fn unsigned(self, field: &'static str) -> Result<u64, Reject> {
        let text = self.text(field)?;
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Reject::InvalidNumber(field));
        }
        text.parse().map_err(|_| Reject::NumberRange(field))
    }

    /// A decimal number as written.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`], [`Reject::InvalidNumber`] or [`Reject::NumberRange`].
    pub fn fixed(self, field: &'static str) -> Result<Fixed, Reject> {
        Fixed::parse(self.text(field)?.as_bytes()).map_err(|error| Reject::number(field, error))
    }

    /// The mantissa at `exp`, or the finer exponent that it needs.
    ///
    /// # Errors
    ///
    /// As [`Item::fixed`].
    pub fn mantissa(
        self,
        field: &'static str,
        exp: i8,
        keep_zeros: bool,
    ) -> Result<Result<i64, i8>, Reject> {
        match fixed::mantissa_at(self.text(field)?.as_bytes(), exp, keep_zeros) {
            Ok(mantissa) => Ok(Ok(mantissa)),
            Err(fixed::NumberError::Finer(finer)) => Ok(Err(finer)),
            Err(error) => Err(Reject::number(field, error)),
        }
    }

    /// An epoch stamp in ms, µs or ns, told by its magnitude.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`] or [`Reject::InvalidTime`].
    pub fn epoch(self, field: &'static str) -> Result<Nanos, Reject> {
        let value = self.unsigned(field).map_err(|reject| match reject {
            Reject::WrongType(_) => reject,
            _ => Reject::InvalidTime(field),
        })?;
        time::from_epoch(value).ok_or(Reject::InvalidTime(field))
    }

    /// An RFC 3339 stamp.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`] or [`Reject::InvalidTime`].
    pub fn rfc3339(self, field: &'static str) -> Result<Nanos, Reject> {
        time::from_rfc3339(self.text(field)?).ok_or(Reject::InvalidTime(field))
    }
}

/// The fields of an object, in wire order.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'t, 'f>(&'t [Node<'f>]);

impl<'t, 'f> Fields<'t, 'f> {
    /// Keys and values.
    pub fn iter(self) -> impl Iterator<Item = (&'f str, Item<'t, 'f>)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (Node::String(key), nodes) = rest.split_first()? else {
                return None;
            };
            let (value, tail) = split_value(nodes)?;
            rest = tail;
            Some((*key, value))
        })
    }

    /// The same fields, if none stands twice: for messages that are rare.
    ///
    /// # Errors
    ///
    /// [`Reject::DuplicateField`], or [`Reject::TooMany`] beyond any venue's number of fields.
    pub fn distinct(self) -> Result<Self, Reject> {
        for (at, (key, _)) in self.iter().enumerate() {
            if at >= FIELDS_MAX {
                return Err(Reject::TooMany);
            }
            if self.iter().take(at).any(|(earlier, _)| earlier == key) {
                return Err(Reject::DuplicateField);
            }
        }
        Ok(self)
    }

    /// One field by a linear search: for messages that are rare.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Item<'t, 'f>> {
        self.iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// One field that must be there.
    ///
    /// # Errors
    ///
    /// [`Reject::MissingField`].
    pub fn need(self, key: &'static str) -> Result<Item<'t, 'f>, Reject> {
        self.get(key).ok_or(Reject::MissingField(key))
    }
}

/// The items of an array.
#[derive(Clone, Copy, Debug)]
pub struct Items<'t, 'f> {
    len: usize,
    parts: &'t [Node<'f>],
}

impl<'t, 'f> Items<'t, 'f> {
    /// How many there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The items in wire order.
    pub fn iter(self) -> impl Iterator<Item = Item<'t, 'f>> {
        let mut rest = self.parts;
        std::iter::from_fn(move || {
            let (value, tail) = split_value(rest)?;
            rest = tail;
            Some(value)
        })
    }
}

/// Reads an object's fields into options by one pass: a field that stands twice is refused, one
/// that is not listed is counted as schema drift and passes.
///
/// ```text
/// fields!(object, drift, "trade" => { "p" => price, "q" => qty }, known: "e" | "M");
/// let price = need(price, "p")?;
/// ```
macro_rules! fields {
    ($object:expr, $drift:expr, $channel:literal => { $($key:literal => $variable:ident),+ $(,)? }
     $(, known: $($skip:literal)|+)?) => {
        $(let mut $variable: Option<$crate::json::Item<'_, '_>> = None;)+
        for (key, value) in $object.iter() {
            match key {
                $($key => if $variable.replace(value).is_some() {
                    return Err($crate::reject::Reject::DuplicateField);
                },)+
                $($($skip)|+ => {})?
                unknown => $drift.unknown_field($channel, unknown),
            }
        }
    };
}
pub(crate) use fields;

/// A field that [`fields!`] must have found.
///
/// # Errors
///
/// [`Reject::MissingField`].
#[inline]
pub(crate) fn need<T>(item: Option<T>, field: &'static str) -> Result<T, Reject> {
    item.ok_or(Reject::MissingField(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> String {
        let mut out = Vec::new();
        quote_numbers(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn bare_numbers_are_quoted_and_strings_left_alone() {
        assert_eq!(
            quoted(r#"{"a":1.10,"b":[-2e-8,"3"],"c":"x\"4","d":null}"#),
            r#"{"a":"1.10","b":["-2e-8","3"],"c":"x\"4","d":null}"#
        );
    }

    #[test]
    fn bare_text_that_is_no_json_number_is_refused() {
        let mut json = Json::default();
        for text in [
            "01", "-", "1.", "1-2", "1e", "1e+", "--1", "1.2.3", ".5", "+1", "NaN", "Infinity",
            "0x10", "1e5e5", "1.e5",
        ] {
            let frame = format!("{{\"a\":{text}}}");
            let outcome = json.read(frame.as_bytes(), |_| Ok(()));
            assert_eq!(outcome, Err(Reject::InvalidJson), "{text}");
        }
        for text in ["0", "-0", "10", "0.5", "-1.50", "1e5", "1E+05", "12e-08"] {
            let frame = format!("{{\"a\":{text}}}");
            let read = json.read(frame.as_bytes(), |root| {
                root.object("root")?.need("a")?.text("a").map(str::to_owned)
            });
            assert_eq!(read.as_deref(), Ok(text));
        }
        assert_eq!(
            json.read(b"{1 :2}", |_| Ok(())),
            Err(Reject::InvalidJson),
            "a bare key"
        );
    }

    #[test]
    fn a_field_that_stands_twice_is_found_however_it_is_spelt() {
        let mut json = Json::default();
        let mut distinct = |frame: &str| {
            json.read(frame.as_bytes(), |root| {
                root.object("root")?.distinct().map(|_| ())
            })
        };
        assert_eq!(distinct(r#"{"a":1,"b":{"a":2},"A":3}"#), Ok(()));
        assert_eq!(
            distinct(r#"{"a":1,"b":2,"a":1}"#),
            Err(Reject::DuplicateField)
        );
        assert_eq!(
            distinct("{\"a\":1,\"\\u0061\":2}"),
            Err(Reject::DuplicateField)
        );
        let many: Vec<String> = (0..200).map(|at| format!("\"{at}\":0")).collect();
        assert_eq!(
            distinct(&format!("{{{}}}", many.join(","))),
            Err(Reject::TooMany)
        );
    }

    #[test]
    fn numbers_keep_their_wire_digits() {
        let mut json = Json::default();
        let text = json.read(br#"{"qty":0.10000000}"#, |root| {
            root.object("root")?
                .need("qty")?
                .text("qty")
                .map(str::to_owned)
        });
        assert_eq!(text.as_deref(), Ok("0.10000000"));
    }

    #[test]
    fn text_that_is_no_json_names_its_rule() {
        let mut json = Json::default();
        let mut rule = |frame: &[u8]| json.read(frame, |_| Ok(())).unwrap_err().rule();
        assert_eq!(rule(b""), "empty");
        assert_eq!(rule(b" \n"), "empty");
        assert_eq!(rule(b"<html></html>"), "html");
        assert_eq!(rule(b"{\"a\":1"), "invalid_json");
        assert_eq!(rule(b"{\"a\":1}x"), "invalid_json");
        assert_eq!(rule(b"{\"a\":\"\xff\xfe\"}"), "invalid_utf8");
        assert_eq!(rule(&b"[".repeat(1_000_000)), "too_deep");
        assert_eq!(
            rule(&[b"[".repeat(33), b"]".repeat(33)].concat()),
            "too_deep"
        );
        assert_eq!(rule(b"{\"a\":\"unterminated"), "invalid_json");
        assert_eq!(rule(b"\""), "invalid_json");
        assert_eq!(rule(b"\"\\"), "invalid_json");
    }
}
