//! The general path into a frame: simd-json's tape, with every number kept as text.
//!
//! simd-json turns a bare `0.10000000` into a binary fraction, which loses the digits that prices,
//! quantities and Kraken's checksums are made of. So a linear pass first copies the frame and puts
//! quotes around each bare number; the tape then holds the wire text of every scalar, whether the
//! venue wrote `"1.10"` or `1.10`. The buffers are reused: after warm-up nothing is allocated.

use simd_json::{Buffers, Tape};

use crate::reject::Reject;

mod item;
mod quote;

pub use item::{Fields, Item, Items};

/// Deepest nesting that is read: the venues' deepest messages have six levels.
pub const DEPTH_MAX: usize = 32;

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
        quote::numbers(frame, &mut self.quoted);
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let outcome = match simd_json::fill_tape(&mut self.quoted, &mut self.buffers, &mut tape) {
            Ok(()) => read(Item::root(&tape.0)),
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
