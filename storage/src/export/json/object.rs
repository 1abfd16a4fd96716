//! The pieces of JSON text that the exports are made of.

use std::fmt::{Display, Write as _};

use feedd_codecs::record::Order;
use feedd_codecs::{Fixed, Level};

/// An object under construction at the end of a text.
#[derive(Debug)]
pub(super) struct Object<'a> {
    out: &'a mut String,
}

impl<'a> Object<'a> {
    pub(super) fn open(out: &'a mut String) -> Self {
        out.push('{');
        Self { out }
    }

    /// Ends the object and the line.
    pub(super) fn close_line(self) {
        self.out.push_str("}\n");
    }

    /// Where the value of the key just written goes.
    pub(super) fn out(&mut self) -> &mut String {
        self.out
    }

    /// Names are ours: they need no escaping.
    pub(super) fn key(&mut self, name: &str) {
        if !self.out.ends_with('{') {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.key(name);
        escape(self.out, text);
    }

    pub(super) fn optional_text(&mut self, name: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(name, text),
            None => self.null(name),
        }
    }

    pub(super) fn number(&mut self, name: &str, number: impl Display) {
        self.key(name);
        show(self.out, number);
    }

    pub(super) fn optional_number(&mut self, name: &str, number: Option<impl Display>) {
        match number {
            Some(number) => self.number(name, number),
            None => self.null(name),
        }
    }

    /// A number that stands for "not given" when it is 0.
    pub(super) fn given<T: Display + Default + PartialEq>(&mut self, name: &str, number: T) {
        self.optional_number(name, Some(number).filter(|number| *number != T::default()));
    }

    /// A value whose own text needs no escaping, as a string.
    pub(super) fn shown(&mut self, name: &str, value: impl Display) {
        self.key(name);
        quote(self.out, value);
    }

    pub(super) fn fixed(&mut self, name: &str, value: Fixed) {
        self.shown(name, value);
    }

    pub(super) fn optional_fixed(&mut self, name: &str, value: Option<Fixed>) {
        match value {
            Some(value) => self.fixed(name, value),
            None => self.null(name),
        }
    }

    pub(super) fn names(&mut self, name: &str, names: impl Iterator<Item = &'static str>) {
        self.key(name);
        list(self.out, names, quote);
    }

    pub(super) fn hex(&mut self, name: &str, bytes: &[u8]) {
        self.key(name);
        self.out.push('"');
        for byte in bytes {
            show(self.out, format_args!("{byte:02x}"));
        }
        self.out.push('"');
    }

    fn null(&mut self, name: &str) {
        self.key(name);
        self.out.push_str("null");
    }
}

/// Appends book levels as an array of `[price, quantity]` pairs of exact decimal strings.
pub fn levels<'a>(
    out: &mut String,
    levels: impl Iterator<Item = &'a Level>,
    px_exp: i8,
    qty_exp: i8,
) {
    list(out, levels, |out, level| {
        out.push('[');
        quote(out, Fixed::new(level.px, px_exp));
        out.push(',');
        quote(out, Fixed::new(level.qty, qty_exp));
        out.push(']');
    });
}

/// Appends orders as an array of `[id, action, price, quantity, ts]`; `ts` is null where the venue
/// gave none.
pub(super) fn orders(out: &mut String, orders: &[Order], px_exp: i8, qty_exp: i8) {
    list(out, orders.iter(), |out, order| {
        let id = order.id.split(|byte| *byte == 0).next().unwrap_or_default();
        out.push('[');
        escape(out, &String::from_utf8_lossy(id));
        out.push(',');
        quote(out, order.action.name());
        out.push(',');
        quote(out, Fixed::new(order.px, px_exp));
        out.push(',');
        quote(out, Fixed::new(order.qty, qty_exp));
        out.push(',');
        match order.ts {
            0 => out.push_str("null"),
            ts => show(out, ts),
        }
        out.push(']');
    });
}

/// Appends `text` as a JSON string: quotes, backslashes and control characters escaped.
pub fn escape(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|character: char| matches!(character, '"' | '\\' | '\0'..' ')) {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = tail.chars();
        match characters.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => show(out, format_args!("\\u{:04x}", u32::from(control))),
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn list<T>(out: &mut String, items: impl Iterator<Item = T>, mut item: impl FnMut(&mut String, T)) {
    out.push('[');
    for (at, value) in items.enumerate() {
        if at > 0 {
            out.push(',');
        }
        item(out, value);
    }
    out.push(']');
}

fn quote(out: &mut String, value: impl Display) {
    out.push('"');
    show(out, value);
    out.push('"');
}

/// Writing into a `String` cannot fail.
fn show(out: &mut String, value: impl Display) {
    let _ = write!(out, "{value}");
}
