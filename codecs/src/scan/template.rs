//! Templates: what a message of one kind looks like, as data.
//!
//! A template is text: the message's own bytes with holes where its values stand. Every byte outside
//! the holes must be on the wire exactly; every byte inside is checked by the hole's form. So what a
//! template accepts is well-formed JSON in UTF-8, without a pass that looks for either.
//!
//! ```text
//! {"e":"trade","E":<sent:digits>,"s":"<symbol:symbol>","p":"<px:quoted>","m":<maker:flag>}
//! ```
//!
//! | form | what may stand there |
//! |---|---|
//! | `digits` | an unsigned JSON number without fraction |
//! | `number` | an unsigned JSON number |
//! | `signed` | a JSON number |
//! | `quoted` | digits with at most one point between them, inside quotes |
//! | `text` | printable ASCII up to a quote, without backslash |
//! | `symbol` | text that is the symbol of an instrument |
//! | `lower` | a symbol in lower case up to `@` |
//! | `stream` | text up to `@`: must be the symbol in lower case |
//! | `uuid` | a hyphenated UUID |
//! | `flag` | `true` or `false` |
//! | `bids …`, `asks …` | an array of levels, spelled as the text behind the form tells with `*` for price and quantity, or for price and two quantities |
//!
//! `<{>` and `<}>` enclose what repeats, separated by commas. `_` names a value that is not read.

use super::levels::Shape;

/// Most values of one message.
pub(crate) const SLOTS: usize = 32;

/// The slot of steps without a value. Values that are not read go to the slots before it, from the last, as
/// far as those are free.
pub(crate) const UNREAD: u8 = SLOTS as u8 - 1;

/// Bytes of a literal that are compared at once.
const LITERAL: usize = 32;

/// What may stand in a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hole {
    /// Nothing: the literal goes on.
    None,
    Digits,
    Number,
    Signed,
    Quoted,
    Text,
    Symbol,
    Lower,
    Stream,
    Uuid,
    Flag,
    Bids,
    Asks,
    /// The message, or one element of those that repeat, is whole.
    Emit,
}

impl Hole {
    const FORMS: [(&'static str, Self); 12] = [
        ("digits", Self::Digits),
        ("number", Self::Number),
        ("signed", Self::Signed),
        ("quoted", Self::Quoted),
        ("text", Self::Text),
        ("symbol", Self::Symbol),
        ("lower", Self::Lower),
        ("stream", Self::Stream),
        ("uuid", Self::Uuid),
        ("flag", Self::Flag),
        ("bids", Self::Bids),
        ("asks", Self::Asks),
    ];

    pub(crate) fn of_form(form: &str) -> Option<Self> {
        let row = Self::FORMS.iter().find(|row| row.0 == form)?;
        Some(row.1)
    }

    /// Whether a literal that begins with `byte` ends a value for certain: then no more than one window
    /// of the value has to be looked at.
    const fn is_ended_by(self, byte: u8) -> bool {
        match self {
            Self::Signed => !matches!(byte, 0 | b'.' | b'0'..=b'9' | b'e' | b'E'),
            Self::Number | Self::Quoted => !matches!(byte, 0 | b'.' | b'0'..=b'9'),
            Self::Symbol => byte == b'"',
            Self::Stream | Self::Lower => byte == b'@',
            _ => true,
        }
    }
}

/// A literal and the hole behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) literal: [u8; LITERAL],
    /// One bit for each byte of the literal.
    pub(crate) bytes: u32,
    pub(crate) len: u8,
    pub(crate) hole: Hole,
    pub(crate) slot: u8,
}

impl Step {
    /// Whether it is this literal and nothing else.
    pub(super) fn is(&self, literal: &[u8]) -> bool {
        self.hole == Hole::None && self.literal.get(..usize::from(self.len)) == Some(literal)
    }
}

/// One shape of one kind of message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    /// In the order of the message.
    pub(crate) steps: Vec<Step>,
    /// Where the step stands that begins an element that repeats.
    pub(crate) element: Option<usize>,
    /// The slot of its symbol, and whether that is spelled in lower case.
    pub(crate) symbol: Option<(u8, bool)>,
    /// The slots that it fills.
    pub(crate) present: u32,
    pub(crate) shape: Shape,
    /// Whether a message may leave an imprint: it has a symbol that is spelled as the instrument's, and no
    /// levels with two quantities.
    pub(crate) leaves_imprint: bool,
    /// Unknown fields that every message of this shape has: channel and name in the drift counts.
    pub(crate) unknown: Vec<(&'static str, Box<str>)>,
}

/// Why a text is no template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A hole that is not closed, or has no name and form.
    Hole,
    /// A form that is none.
    Form,
    /// A name that the kind of message does not have, or that stands twice.
    Slot,
    /// A repetition that is not closed, or a second one.
    Repeat,
    /// A value that goes on as well as ends with the byte behind it.
    Open,
    /// Levels before the symbol, asks before bids, levels that repeat or whose spelling is not understood.
    Levels,
}

impl Template {
    /// Reads a template; `slots` names the values of its kind of message.
    pub(crate) fn parse(text: &str, slots: &[&str]) -> Result<Self, Fault> {
        let mut parser = Parser {
            template: Self {
                steps: Vec::new(),
                element: None,
                symbol: None,
                present: 0,
                shape: Shape::default(),
                leaves_imprint: false,
                unknown: Vec::new(),
            },
            slots,
            closed: false,
            unread: UNREAD - 1,
            literal: Vec::new(),
        };
        parser.read(text)?;
        let mut template = parser.template;
        template.check()?;
        let is_symbol = matches!(template.symbol, Some((_, false)));
        template.leaves_imprint = is_symbol && !template.shape.triple;
        Ok(template)
    }

    /// Whether it has a value that stands behind an element, which would be emitted without it.
    pub(crate) fn has_late_value(&self) -> bool {
        let steps = self.steps.iter();
        let mut behind = steps.skip_while(|step| step.hole != Hole::Emit);
        behind.any(|step| self.reads(step.slot))
    }

    /// Whether a slot holds a value that is read.
    pub(crate) const fn reads(&self, slot: u8) -> bool {
        self.present & 1 << slot != 0
    }

    fn check(&self) -> Result<(), Fault> {
        let place = |holes: &[Hole]| {
            self.steps
                .iter()
                .position(|step| holes.contains(&step.hole))
        };
        let symbol = place(&[Hole::Symbol, Hole::Lower]);
        let (bids, asks) = (place(&[Hole::Bids]), place(&[Hole::Asks]));
        let in_order = match (bids, asks) {
            (None, None) => true,
            (Some(bids), Some(asks)) => {
                let one_book = self.element.is_none();
                one_book && symbol.is_some_and(|symbol| symbol < bids) && bids < asks
            }
            _ => false,
        };
        if !in_order {
            return Err(Fault::Levels);
        }
        let mut pairs = self.steps.iter().zip(self.steps.iter().skip(1));
        let ended = pairs.all(|(step, next)| step.hole.is_ended_by(next.literal[0]));
        if ended { Ok(()) } else { Err(Fault::Open) }
    }
}

struct Parser<'a> {
    template: Template,
    slots: &'a [&'a str],
    /// Whether what repeats has ended.
    closed: bool,
    /// Where the next value goes that is not read.
    unread: u8,
    /// Bytes since the last hole.
    literal: Vec<u8>,
}

impl Parser<'_> {
    fn read(&mut self, text: &str) -> Result<(), Fault> {
        let mut rest = text;
        while let Some((literal, tail)) = rest.split_once('<') {
            self.literal.extend_from_slice(literal.as_bytes());
            let (hole, tail) = tail.split_once('>').ok_or(Fault::Hole)?;
            match hole {
                "{" => self.open()?,
                "}" => self.close()?,
                hole => self.hole(hole)?,
            }
            rest = tail;
        }
        self.literal.extend_from_slice(rest.as_bytes());
        match (self.template.element, self.closed) {
            (None, _) => self.push(Hole::Emit, UNREAD),
            (Some(_), true) => self.push(Hole::None, UNREAD),
            (Some(_), false) => return Err(Fault::Repeat),
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), Fault> {
        if self.template.element.is_some() {
            return Err(Fault::Repeat);
        }
        self.push(Hole::None, UNREAD);
        self.template.element = Some(self.template.steps.len());
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        if self.template.element.is_none() || self.closed {
            return Err(Fault::Repeat);
        }
        self.push(Hole::Emit, UNREAD);
        self.closed = true;
        Ok(())
    }

    fn hole(&mut self, text: &str) -> Result<(), Fault> {
        let (name, form) = text.split_once(':').ok_or(Fault::Hole)?;
        let (form, spelling) = form.split_once(' ').unwrap_or((form, ""));
        let hole = Hole::of_form(form).ok_or(Fault::Form)?;
        if matches!(hole, Hole::Bids | Hole::Asks) {
            let shape = Shape::parse(spelling).ok_or(Fault::Levels)?;
            if hole == Hole::Asks && shape != self.template.shape {
                return Err(Fault::Levels);
            }
            self.template.shape = shape;
        }
        let slot = self.slot(name)?;
        if matches!(hole, Hole::Symbol | Hole::Lower) && self.template.reads(slot) {
            self.template.symbol = Some((slot, hole == Hole::Lower));
        }
        self.push(hole, slot);
        Ok(())
    }

    fn slot(&mut self, name: &str) -> Result<u8, Fault> {
        if name == "_" {
            let slot = self.unread;
            self.unread = (slot - 1).max(self.slots.len() as u8);
            return Ok(slot);
        }
        let found = self.slots.iter().position(|slot| *slot == name);
        let slot = found.and_then(|at| u8::try_from(at).ok());
        let slot = slot.filter(|slot| *slot < UNREAD).ok_or(Fault::Slot)?;
        if self.template.present & 1 << slot != 0 {
            return Err(Fault::Slot);
        }
        self.template.present |= 1 << slot;
        Ok(slot)
    }

    /// Adds the literal since the last hole, in pieces, and the hole.
    fn push(&mut self, hole: Hole, slot: u8) {
        let steps = &mut self.template.steps;
        let (whole, last) = match self.literal.len() {
            0 => (0, 0),
            len => ((len - 1) / LITERAL, (len - 1) / LITERAL * LITERAL),
        };
        for piece in self.literal.chunks(LITERAL).take(whole) {
            steps.push(step(piece, Hole::None, UNREAD));
        }
        let rest = self.literal.get(last..).unwrap_or(&[]);
        if !rest.is_empty() || hole != Hole::None {
            steps.push(step(rest, hole, slot));
        }
        self.literal.clear();
    }
}

/// `piece` has at most [`LITERAL`] bytes.
fn step(piece: &[u8], hole: Hole, slot: u8) -> Step {
    let mut literal = [0; LITERAL];
    for (to, from) in literal.iter_mut().zip(piece) {
        *to = *from;
    }
    let len = piece.len().min(LITERAL) as u8;
    Step {
        literal,
        bytes: super::simd::low(u32::from(len)),
        len,
        hole,
        slot,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_literals_and_holes() {
        let text = r#"{"e":"a name that needs more than one window","E":<E:digits>,"d":[<{>{"p":"<p:quoted>"}<}>]}"#;
        let template = Template::parse(text, &["E", "p"]).unwrap();
        let steps = template.steps.iter();
        let steps: Vec<_> = steps.map(|step| (step.len, step.hole, step.slot)).collect();
        let expected = [
            (32, Hole::None, UNREAD),
            (18, Hole::Digits, 0),
            (6, Hole::None, UNREAD),
            (6, Hole::Quoted, 1),
            (2, Hole::Emit, UNREAD),
            (2, Hole::None, UNREAD),
        ];
        assert_eq!(steps, expected);
        assert_eq!(template.element, Some(3));
        assert_eq!(template.present, 0b11);
    }

    #[test]
    fn a_value_behind_an_element_is_late() {
        let is_late = |text| {
            let template = Template::parse(text, &["E", "s"]).unwrap();
            template.has_late_value()
        };
        assert!(is_late(r#"[<{>{"s":"<s:symbol>"}<}>],"E":<E:digits>}"#));
        assert!(!is_late(
            r#"{"E":<E:digits>,"d":[<{>{"s":"<s:symbol>"}<}>],"x":<_:digits>}"#
        ));
        assert!(!is_late(r#"{"s":"<s:symbol>","E":<E:digits>}"#));
    }

    #[test]
    fn text_that_is_no_template_names_its_fault() {
        for (text, fault) in [
            ("<E:digits", Fault::Hole),
            ("<E>", Fault::Hole),
            ("<E:float>", Fault::Form),
            ("<X:digits>", Fault::Slot),
            ("<E:digits>,<E:digits>", Fault::Slot),
            ("<{>", Fault::Repeat),
            ("<}>", Fault::Repeat),
            ("<{><}><{><}>", Fault::Repeat),
            (r#"<b:bids ["*","*"]>"#, Fault::Levels),
            (
                r#"<s:symbol><a:asks ["*","*"]><b:bids ["*","*"]>"#,
                Fault::Levels,
            ),
            (r#"<s:symbol><b:bids ["*"]>"#, Fault::Levels),
            (r#"<s:symbol><b:bids ["*","*",*]>"#, Fault::Levels),
            (r#"<s:symbol><b:bids {"p":*,"q":*,"q":*}>"#, Fault::Levels),
            (r#"<s:symbol><b:bids ["*","*","*","*"]>"#, Fault::Levels),
            ("<E:quoted>.5,", Fault::Open),
            ("<E:number><s:flag>", Fault::Open),
            ("<E:signed>e", Fault::Open),
            ("<s:symbol>@", Fault::Open),
        ] {
            let parsed = Template::parse(text, &["E", "s", "a", "b"]);
            assert_eq!(parsed, Err(fault), "{text}");
        }
    }
}
