//! A message's text to a template's text.

use super::super::Kind;
use super::super::template::Template;
use super::Added;

/// Longest message that is learned from, in bytes: more only has more levels.
const MESSAGE_MAX: usize = 64 << 10;
/// Deepest nesting that is learned from.
const DEPTH_MAX: usize = 6;
/// Stands for the elements of an array in a path of keys.
const ELEMENT: &str = "[]";

/// A template for messages like `frame`, of which `unknown` fields were counted as drift.
pub(super) fn derive(
    kind: &Kind,
    follow: usize,
    frame: &[u8],
    unknown: &Added,
) -> Option<Template> {
    let text = std::str::from_utf8(frame).ok()?;
    if text.len() > MESSAGE_MAX || text.contains(['<', '>', '\\']) {
        return None;
    }
    let mut writer = Writer {
        known: known(kind, follow),
        rest: text,
        path: Vec::new(),
        text: String::new(),
        strange: Vec::new(),
        elements: 0,
    };
    writer.value()?;
    writer.text.push_str(writer.rest);
    let mut template = Template::parse(&writer.text, kind.slots).ok()?;
    for (channel, name, times) in unknown {
        // Where elements repeat, each of them must have the field.
        let each = template.element.is_some();
        let is_field = writer
            .strange
            .iter()
            .any(|strange| strange.name == **name && strange.in_element == each);
        if !is_field || *times != writer.elements.max(1) {
            return None;
        }
        template.unknown.push((*channel, name.clone()));
    }
    Some(template)
}

/// A value of the shipped templates: the keys that lead to it, and its text.
struct Known {
    path: String,
    text: &'static str,
}

/// The values of the shipped templates; what the one to follow does not have, the first tells that has
/// it.
fn known(kind: &Kind, follow: usize) -> Vec<Known> {
    let mut known: Vec<Known> = Vec::new();
    for template in kind.templates.get(follow).into_iter().chain(kind.templates) {
        let mut reader = Reader {
            rest: template,
            path: Vec::new(),
            known: &mut known,
        };
        // A shipped template is well-formed; what could not be read would be unknown.
        let _ = reader.value();
    }
    known
}

/// Bytes of the scalar that `text` begins with: a string, a hole, or a bare word.
fn scalar(text: &str) -> Option<usize> {
    if text.starts_with('<') {
        return text.find('>').map(|end| end + 1);
    }
    if let Some(inner) = text.strip_prefix('"') {
        return inner.find('"').map(|end| end + 2);
    }
    let end = text.find([
        ',', '}', ']', ':', ' ', '\n', '\r', '\t', '"', '{', '[', '<',
    ]);
    end.filter(|end| *end > 0)
}

/// Reads the values of a shipped template, which has no spaces.
struct Reader<'a> {
    rest: &'static str,
    path: Vec<&'static str>,
    known: &'a mut Vec<Known>,
}

impl Reader<'_> {
    fn take(&mut self, text: &str) -> bool {
        let tail = self.rest.strip_prefix(text);
        self.rest = tail.unwrap_or(self.rest);
        tail.is_some()
    }

    fn value(&mut self) -> Option<()> {
        if self.take("{") {
            while !self.take("}") {
                let (key, tail) = self.rest.strip_prefix('"')?.split_once('"')?;
                self.rest = tail.strip_prefix(':')?;
                self.path.push(key);
                self.value()?;
                self.path.pop();
                self.take(",");
            }
        } else if self.take("[") {
            if self.take("<{>") {
                self.keep("<{>");
            }
            self.path.push(ELEMENT);
            self.value()?;
            self.path.pop();
            self.take("<}>");
            self.take("]");
        } else {
            let (text, tail) = self.rest.split_at(scalar(self.rest)?);
            self.keep(text);
            self.rest = tail;
        }
        Some(())
    }

    fn keep(&mut self, text: &'static str) {
        let path = self.path.join("/");
        if self.known.iter().all(|known| known.path != path) {
            self.known.push(Known { path, text });
        }
    }
}

/// A field that no shipped template has.
struct Strange {
    name: String,
    in_element: bool,
}

/// Writes the template of a message.
struct Writer<'a> {
    known: Vec<Known>,
    rest: &'a str,
    path: Vec<&'a str>,
    text: String,
    strange: Vec<Strange>,
    /// Elements of the array that repeats.
    elements: u64,
}

impl<'a> Writer<'a> {
    /// Copies `len` bytes.
    fn copy(&mut self, len: usize) -> Option<&'a str> {
        let (text, tail) = self.rest.split_at_checked(len)?;
        self.text.push_str(text);
        self.rest = tail;
        Some(text)
    }

    fn space(&mut self) -> Option<()> {
        let trimmed = self.rest.trim_start_matches([' ', '\n', '\r', '\t']);
        self.copy(self.rest.len() - trimmed.len()).map(|_| ())
    }

    /// Copies a byte if it is the next.
    fn take(&mut self, byte: char) -> Option<bool> {
        self.space()?;
        let found = self.rest.starts_with(byte);
        self.copy(usize::from(found))?;
        Some(found)
    }

    fn known(&self) -> Option<&'static str> {
        let path = self.path.join("/");
        let known = self.known.iter().find(|known| known.path == path);
        known.map(|known| known.text)
    }

    fn value(&mut self) -> Option<()> {
        self.space()?;
        if self.path.len() > DEPTH_MAX {
            return None;
        }
        match (self.rest.as_bytes().first()?, self.known()) {
            (b'{', _) => self.object(),
            (b'[', Some("<{>")) => self.elements(),
            (b'[', Some(levels)) => {
                self.text.push_str(levels);
                self.rest = behind_array(self.rest)?;
                Some(())
            }
            (b'[', None) => {
                self.copy(1)?;
                self.within(ELEMENT)?;
                self.take(']')?.then_some(())
            }
            (_, known) => self.scalar(known),
        }
    }

    fn within(&mut self, key: &'a str) -> Option<()> {
        self.path.push(key);
        self.value()?;
        self.path.pop();
        Some(())
    }

    fn object(&mut self) -> Option<()> {
        self.copy(1)?;
        if self.take('}')? {
            return Some(());
        }
        loop {
            self.space()?;
            let key = self.copy(scalar(self.rest)?)?.strip_prefix('"')?;
            if !self.take(':')? {
                return None;
            }
            self.within(key.strip_suffix('"')?)?;
            if self.take('}')? {
                return Some(());
            }
            if !self.take(',')? {
                return None;
            }
        }
    }

    /// An array whose elements are alike: the first tells the others.
    fn elements(&mut self) -> Option<()> {
        let array = self.rest;
        self.copy(1)?;
        self.text.push_str("<{>");
        self.within(ELEMENT)?;
        self.text.push_str("<}>]");
        self.rest = behind_array(array)?;
        self.elements = objects(&array[..array.len() - self.rest.len()]);
        Some(())
    }

    fn scalar(&mut self, known: Option<&str>) -> Option<()> {
        let (text, tail) = self.rest.split_at_checked(scalar(self.rest)?)?;
        self.rest = tail;
        let quoted = text.starts_with('"');
        let hole = match known {
            Some(known) if !known.contains('<') => text.to_owned(),
            Some(known) if known.starts_with('"') == quoted => known.to_owned(),
            Some(known) => respelled(known, quoted)?,
            None => {
                self.strange.push(Strange {
                    name: (*self.path.last()?).to_owned(),
                    in_element: self.elements_open(),
                });
                unread(text)
            }
        };
        self.text.push_str(&hole);
        Some(())
    }

    fn elements_open(&self) -> bool {
        self.text.contains("<{>") && !self.text.contains("<}>")
    }
}

/// A number with quotes that had none, or the other way about.
fn respelled(known: &str, quoted: bool) -> Option<String> {
    let name = known
        .trim_matches('"')
        .strip_prefix('<')?
        .split_once(':')?
        .0;
    Some(if quoted {
        format!("\"<{name}:quoted>\"")
    } else {
        format!("<{name}:number>")
    })
}

/// The hole of a value that is not read.
fn unread(text: &str) -> String {
    match text {
        "true" | "false" => "<_:flag>".to_owned(),
        "null" => text.to_owned(),
        text if text.starts_with('"') => "\"<_:text>\"".to_owned(),
        _ => "<_:signed>".to_owned(),
    }
}

/// What stands behind the array that `text` begins with; its strings hold no brackets.
fn behind_array(text: &str) -> Option<&str> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return text.get(at + 1..);
        }
    }
    None
}

/// Objects in an array of flat objects.
fn objects(array: &str) -> u64 {
    array.bytes().filter(|byte| *byte == b'{').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::Channel;

    const KIND: Kind = Kind {
        channel: Channel::TRADE,
        slots: &["E", "s", "p", "b", "a"],
        templates: &[
            r#"{"e":"x","E":<E:digits>,"s":"<s:symbol>","p":"<p:quoted>","b":<b:bids ["*","*"]>,"a":<a:asks ["*","*"]>}"#,
        ],
    };

    const LIST: Kind = Kind {
        channel: Channel::TRADE,
        slots: &["E", "s"],
        templates: &[r#"{"E":<E:digits>,"d":[<{>{"s":"<s:symbol>"}<}>]}"#],
    };

    fn same(kind: &Kind, message: &str, unknown: Added, expected: &str) {
        let derived = derive(kind, 0, message.as_bytes(), &unknown).expect(message);
        let expected = Template::parse(expected, kind.slots).unwrap();
        assert_eq!(derived.steps, expected.steps, "{message}");
    }

    #[test]
    fn order_spaces_new_fields_and_quotes_are_learned() {
        same(
            &KIND,
            r#"{ "E": "7","e":"x","new":-1.5,"s":"A","word":"w","p":3,"on":true,"no":null,"b":[["1","2"]],"a":[] }"#,
            vec![("x", "new".into(), 1)],
            r#"{ "E": "<E:quoted>","e":"x","new":<_:signed>,"s":"<s:symbol>","word":"<_:text>","p":<p:number>,"on":<_:flag>,"no":null,"b":<b:bids ["*","*"]>,"a":<a:asks ["*","*"]> }"#,
        );
        same(
            &LIST,
            r#"{"d":[{"t":1,"s":"A"},{"t":2,"s":"B"}],"E":7}"#,
            vec![("x", "t".into(), 2)],
            r#"{"d":[<{>{"t":<_:signed>,"s":"<s:symbol>"}<}>],"E":<E:digits>}"#,
        );
    }

    #[test]
    fn what_cannot_be_told_from_one_message_is_not_learned() {
        let none: Added = Vec::new();
        for message in [
            "",
            "{",
            r#"{"E":7"#,
            r#"{"E":7,"E":8}"#,
            r#"{"E":7,"s":"<"}"#,
            r#"{"E":7,"s":"\u0041"}"#,
            r#"{"E":7,"b":[["1","2"],"s":"A"}"#,
        ] {
            assert!(
                derive(&KIND, 0, message.as_bytes(), &none).is_none(),
                "{message}"
            );
        }
        let counted = |name: &str, times| vec![("x", Box::from(name), times)];
        let message = br#"{"d":[{"t":1,"s":"A"},{"s":"B"}],"E":7}"#;
        assert!(
            derive(&LIST, 0, message, &counted("t", 1)).is_none(),
            "not in each"
        );
        let message = br#"{"E":7,"s":"A"}"#;
        assert!(
            derive(&KIND, 0, message, &counted("s=A", 1)).is_none(),
            "a value"
        );
    }
}
