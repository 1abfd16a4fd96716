//! JSON text taken apart and put together again, byte for byte where nobody changed it.
//!
//! Keys keep their order, numbers and strings their spelling: a price never becomes a float and a
//! mutation touches what it names and nothing else.

use std::fmt::{Display, Formatter, Result, Write};

/// Deepest nesting that is taken apart; the venues' messages need five.
const DEPTH_MAX: usize = 64;

/// A value. Scalars and keys are raw text, quotes included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    Scalar(String),
}

impl Json {
    /// Takes a whole text apart; `None` if it is not one JSON value.
    pub(crate) fn parse(text: &str) -> Option<Json> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.space();
        (reader.at == text.len()).then_some(value)
    }

    /// A string value.
    pub(crate) fn string(text: &str) -> Json {
        Json::Scalar(quoted(text))
    }

    /// The member with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.at(&[self.place(name)?])
    }

    /// The value at a path of places in objects and arrays.
    pub(crate) fn at(&self, path: &[usize]) -> Option<&Json> {
        path.iter().try_fold(self, |json, place| match json {
            Json::Object(members) => members.get(*place).map(|(_, value)| value),
            Json::Array(items) => items.get(*place),
            Json::Scalar(_) => None,
        })
    }

    /// As [`at`](Self::at), to change it.
    pub(crate) fn at_mut(&mut self, path: &[usize]) -> Option<&mut Json> {
        path.iter().try_fold(self, |json, place| match json {
            Json::Object(members) => members.get_mut(*place).map(|(_, value)| value),
            Json::Array(items) => items.get_mut(*place),
            Json::Scalar(_) => None,
        })
    }

    /// Path of the object that holds the market data of a message: what stands below `data`, and
    /// the first if that is a list.
    pub(crate) fn record_path(&self) -> Vec<usize> {
        let Some(place) = self.place("data") else {
            return Vec::new();
        };
        let path = match self.at(&[place]) {
            Some(Json::Array(_)) => vec![place, 0],
            _ => vec![place],
        };
        match self.at(&path) {
            Some(Json::Object(_)) => path,
            _ => Vec::new(),
        }
    }

    /// Path of the object that has a member of this name, the record before the message around
    /// it, and the member's place.
    pub(crate) fn find(&self, name: &str) -> Option<(Vec<usize>, usize)> {
        let path = self.record_path();
        match self.at(&path).and_then(|record| record.place(name)) {
            Some(place) => Some((path, place)),
            None => self.place(name).map(|place| (Vec::new(), place)),
        }
    }

    /// Place of the member with this name.
    fn place(&self, name: &str) -> Option<usize> {
        self.members()
            .iter()
            .position(|(key, _)| unquoted(key) == name)
    }

    /// Members of an object, to change them.
    pub(crate) fn members_mut(&mut self) -> Option<&mut Vec<(String, Json)>> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Elements of an array, to change them.
    pub(crate) fn items_mut(&mut self) -> Option<&mut Vec<Json>> {
        match self {
            Json::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Members of an object; none of anything else.
    pub(crate) fn members(&self) -> &[(String, Json)] {
        match self {
            Json::Object(members) => members,
            _ => &[],
        }
    }

    /// Elements of an array; none of anything else.
    pub(crate) fn items(&self) -> &[Json] {
        match self {
            Json::Array(items) => items,
            _ => &[],
        }
    }

    /// Text of a scalar without its quotes; empty for anything else. Escapes stay as they are.
    pub(crate) fn text(&self) -> &str {
        match self {
            Json::Scalar(text) => unquoted(text),
            _ => "",
        }
    }
}

/// The text between the quotes, if there are any.
pub(crate) fn unquoted(raw: &str) -> &str {
    raw.strip_prefix('"')
        .and_then(|raw| raw.strip_suffix('"'))
        .unwrap_or(raw)
}

/// The text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl Display for Json {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self {
            Json::Scalar(text) => out.write_str(text),
            Json::Array(items) => {
                out.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    out.write_str(if index == 0 { "" } else { "," })?;
                    item.fmt(out)?;
                }
                out.write_char(']')
            }
            Json::Object(members) => {
                out.write_char('{')?;
                for (index, (key, value)) in members.iter().enumerate() {
                    out.write_str(if index == 0 { "" } else { "," })?;
                    write!(out, "{key}:{value}")?;
                }
                out.write_char('}')
            }
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Passes this byte, with the space before it.
    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        self.space();
        match self.peek()? {
            b'{' if depth < DEPTH_MAX => self.object(depth),
            b'[' if depth < DEPTH_MAX => self.array(depth),
            b'"' => self.string().map(Json::Scalar),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        let mut members = Vec::new();
        self.eat(b'{');
        while !self.eat(b'}') {
            if !members.is_empty() && !self.eat(b',') {
                return None;
            }
            self.space();
            let key = self.string()?;
            if !self.eat(b':') {
                return None;
            }
            members.push((key, self.value(depth + 1)?));
        }
        Some(Json::Object(members))
    }

    fn array(&mut self, depth: usize) -> Option<Json> {
        let mut items = Vec::new();
        self.eat(b'[');
        while !self.eat(b']') {
            if !items.is_empty() && !self.eat(b',') {
                return None;
            }
            items.push(self.value(depth + 1)?);
        }
        Some(Json::Array(items))
    }

    /// A string with its quotes.
    fn string(&mut self) -> Option<String> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return None;
        }
        let mut escaped = false;
        for byte in self.text.bytes().skip(start + 1) {
            self.at += 1;
            if byte == b'"' && !escaped {
                self.at += 1;
                return self.text.get(start..self.at).map(str::to_owned);
            }
            escaped = byte == b'\\' && !escaped;
        }
        None
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<Json> {
        let start = self.at;
        let part = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        while self.peek().is_some_and(part) {
            self.at += 1;
        }
        let word = self.text.get(start..self.at)?;
        (!word.is_empty()).then(|| Json::Scalar(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_not_changed_comes_back_byte_for_byte() {
        for text in [
            r#"{"e":"trade","p":"0.00100000","m":true,"n":null,"x":-1.50e-08}"#,
            r#"{"data":[{"price":83744.30,"qty":1e-08}],"a":[],"o":{}}"#,
            r#"["a\"b\\",18125794168470749001]"#,
            "0.10",
        ] {
            assert_eq!(Json::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn text_that_is_not_json_is_refused() {
        let deep = "[".repeat(100_000);
        for text in [
            "",
            "{",
            "[1",
            r#"{"a" 1}"#,
            "1 2",
            r#"{"a":1]"#,
            r#"""#,
            &deep,
        ] {
            assert_eq!(Json::parse(text), None, "{text:.20}");
        }
    }

    #[test]
    fn members_are_found_by_name_and_scalars_read_without_quotes() {
        let json = Json::parse(r#"{"a":{"b":["1.50",2]}}"#).unwrap();
        let items = json.get("a").and_then(|a| a.get("b")).unwrap().items();
        assert_eq!((items[0].text(), items[1].text()), ("1.50", "2"));
        assert_eq!(json.get("c"), None);
    }
}
