//! Changes of a message's text: what a venue may send one day, or never should.
//!
//! A mutation changes what it names and keeps every other byte. Untrue levels of a book are
//! additions that the next message of the stream takes back, so that a client which follows the
//! stream converges.

mod lie;
mod quirk;
mod stamps;

use tokio_tungstenite::tungstenite::Bytes;

use crate::json::{Json, quoted, unquoted};
pub(crate) use lie::Debt;
pub(crate) use stamps::shift_stamps;

/// Largest message that is made: above every limit a client has reason to set.
const MESSAGE_MAX: usize = 128 << 20;

/// A name no venue has.
const UNKNOWN: &str = "neverHeardOf";

/// A change of a message. A `field` that is `None` is chosen by the fault's seed among the fields
/// of the message's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// A field with an unknown name, first in the record.
    AddField,
    /// A field is missing.
    RemoveField(Option<String>),
    /// A field has another name.
    RenameField(Option<String>),
    /// A field has another type: text becomes a number, everything else a text.
    RetypeField(Option<String>),
    /// A field comes twice.
    DuplicateKey(Option<String>),
    /// A field is a number of 400 digits.
    HugeNumber(Option<String>),
    /// A text field has a value that the venue does not document.
    UnknownEnum(Option<String>),
    /// The message calls itself something unknown.
    UnknownEvent,
    /// The message ends after so many bytes.
    Truncate(usize),
    /// So many bytes follow the message.
    Trailing(usize),
    /// A message without a byte.
    Empty,
    /// A byte that no UTF-8 text has.
    InvalidUtf8,
    /// A field nested so deep in arrays.
    DeepNesting(usize),
    /// Padded with a field to at least this size in bytes.
    HugeMessage(usize),
    /// Every stamp so many milliseconds ahead; behind if negative.
    Shift(i64),
    /// A price between two ticks: of one more level in a book, of the bid in a best price.
    OffTick,
    /// A quantity below zero: of one more level in a book, of the bid in a best price.
    NegativeQty,
    /// So many more levels in a book message.
    Explosion(usize),
    /// A book message, a snapshot too, also removes a level that is not in the book.
    UnknownDelete,
    /// A book message says another quantity of a level before the right one.
    RepeatedPrice,
    /// The removal of a level says `0.0`, whatever the precision.
    ShortZero,
    /// A text stamp with nine decimals instead of six.
    LongStamp,
}

/// What a mutation made of a text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) body: Vec<u8>,
    /// Levels that the next message of the stream is to take back.
    pub(crate) debt: Debt,
}

impl Mutation {
    /// Whether the mutation can be made on this text.
    pub(crate) fn fits(&self, text: &str) -> bool {
        match self {
            Mutation::UnknownDelete
            | Mutation::RepeatedPrice
            | Mutation::ShortZero
            | Mutation::LongStamp => quirk::Quirk::of(self).is_some_and(|quirk| quirk.fits(text)),
            Mutation::OffTick | Mutation::NegativeQty | Mutation::Explosion(_) => {
                lie::Lie::of(self).is_some_and(|lie| lie.fits(text))
            }
            _ => match self.field() {
                Some(Some(name)) => text.contains(&format!("\"{name}\":")),
                _ => true,
            },
        }
    }

    /// The changed message. `dice` decides what the mutation leaves open, so that every form of
    /// one message is changed alike if it is given alike.
    pub(crate) fn apply(&self, text: &str, dice: u64) -> Change {
        let mut change = Change::default();
        match self {
            Mutation::Truncate(at) => change.body = text.bytes().take(*at).collect(),
            Mutation::Trailing(bytes) => {
                change.body = text.bytes().chain(vec![b'x'; *bytes]).collect();
            }
            Mutation::Empty => {}
            Mutation::InvalidUtf8 => change.body = invalid_utf8(text),
            Mutation::Shift(by_ms) => {
                change.body = shift_stamps(text, by_ms.saturating_mul(1_000_000)).into_bytes();
            }
            _ => match quirk::Quirk::of(self).and_then(|quirk| quirk.say(text)) {
                Some(odd) => change.body = odd.into_bytes(),
                None => return self.restructure(text, dice),
            },
        }
        change
    }

    /// As [`apply`](Self::apply) for a binary message, where that makes sense.
    pub(crate) fn apply_binary(&self, body: &[u8]) -> Option<Bytes> {
        match self {
            Mutation::Truncate(at) => Some(body.iter().copied().take(*at).collect()),
            Mutation::Trailing(bytes) => {
                Some(body.iter().copied().chain(vec![b'x'; *bytes]).collect())
            }
            Mutation::Empty => Some(Bytes::new()),
            _ => None,
        }
    }

    fn restructure(&self, text: &str, dice: u64) -> Change {
        let mut debt = Debt::default();
        let body = match Json::parse(text) {
            Some(mut json) => {
                if let Some(lie) = lie::Lie::of(self) {
                    debt = lie.tell(&mut json);
                } else {
                    self.change(&mut json, dice);
                }
                json.to_string()
            }
            None => text.to_owned(),
        };
        Change {
            body: body.into_bytes(),
            debt,
        }
    }

    fn change(&self, json: &mut Json, dice: u64) {
        match self {
            Mutation::AddField => add(json, UNKNOWN, Json::Scalar("0".into())),
            Mutation::DeepNesting(levels) => {
                let levels = (*levels).min(MESSAGE_MAX / 2);
                let nested = "[".repeat(levels) + &"]".repeat(levels);
                add(json, UNKNOWN, Json::Scalar(nested));
            }
            Mutation::HugeMessage(bytes) => {
                let padding = "x".repeat((*bytes).min(MESSAGE_MAX));
                add(json, UNKNOWN, Json::string(&padding));
            }
            Mutation::UnknownEvent => rename_event(json),
            _ => {
                let chosen = self.choose(json, dice);
                if let Some((path, index)) = chosen
                    && let Some(members) = json.at_mut(&path).and_then(Json::members_mut)
                {
                    self.change_member(members, index);
                }
            }
        }
    }

    /// Path of the object that holds the field to change, and the field's place in it.
    fn choose(&self, json: &Json, dice: u64) -> Option<(Vec<usize>, usize)> {
        if let Some(name) = self.field()? {
            return json.find(name);
        }
        let path = json.record_path();
        let members = json.at(&path)?.members().iter().enumerate();
        let fitting = members.filter(|(_, member)| self.takes(&member.1));
        let fitting: Vec<usize> = fitting.map(|(index, _)| index).collect();
        let place = usize::try_from(dice).unwrap_or_default() % fitting.len().max(1);
        Some((path, *fitting.get(place)?))
    }

    /// The field that is named, of the mutations that change one field.
    fn field(&self) -> Option<&Option<String>> {
        match self {
            Mutation::RemoveField(field)
            | Mutation::RenameField(field)
            | Mutation::RetypeField(field)
            | Mutation::DuplicateKey(field)
            | Mutation::HugeNumber(field)
            | Mutation::UnknownEnum(field) => Some(field),
            _ => None,
        }
    }

    /// Whether a field with this value can be changed so.
    fn takes(&self, value: &Json) -> bool {
        let text = value.text();
        match self {
            Mutation::HugeNumber(_) => text.starts_with(|c: char| c.is_ascii_digit()),
            Mutation::UnknownEnum(_) => {
                matches!(value, Json::Scalar(raw) if raw.starts_with('"'))
                    && text.starts_with(|c: char| c.is_ascii_alphabetic())
            }
            _ => true,
        }
    }

    fn change_member(&self, members: &mut Vec<(String, Json)>, index: usize) {
        if matches!(self, Mutation::RemoveField(_)) {
            members.remove(index);
            return;
        }
        if matches!(self, Mutation::DuplicateKey(_)) {
            members.extend(members.get(index).cloned());
            return;
        }
        let Some((key, value)) = members.get_mut(index) else {
            return;
        };
        match self {
            Mutation::RenameField(_) => *key = quoted(&format!("{}_v2", unquoted(key))),
            Mutation::RetypeField(_) => *value = retyped(value),
            Mutation::HugeNumber(_) => *value = Json::Scalar("9".repeat(400)),
            _ => *value = Json::string(UNKNOWN),
        }
    }
}

fn add(json: &mut Json, name: &str, value: Json) {
    let path = json.record_path();
    if let Some(members) = json.at_mut(&path).and_then(Json::members_mut) {
        members.insert(0, (quoted(name), value));
    }
}

/// Text becomes a number, everything else a text.
fn retyped(value: &Json) -> Json {
    match value {
        Json::Scalar(raw) if raw.starts_with('"') => {
            let text = value.text();
            let number = text.starts_with(|c: char| c.is_ascii_digit()) && text.len() < 30;
            Json::Scalar(if number {
                text.to_owned()
            } else {
                "7".to_owned()
            })
        }
        other => Json::string(&other.to_string().chars().take(64).collect::<String>()),
    }
}

fn rename_event(json: &mut Json) {
    let known = ["e", "channel", "topic"];
    let Some((path, index)) = known.into_iter().find_map(|name| json.find(name)) else {
        return add(json, "e", Json::string(UNKNOWN));
    };
    let members = json.at_mut(&path).and_then(Json::members_mut);
    if let Some((_, value)) = members.and_then(|members| members.get_mut(index)) {
        *value = Json::string(UNKNOWN);
    }
}

fn invalid_utf8(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let middle = bytes.len() / 2;
    bytes.insert(middle, 0xff);
    bytes
}
