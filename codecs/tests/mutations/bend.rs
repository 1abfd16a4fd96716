//! Every single step away from a good JSON message.

use super::support::tree::{Path, Tree};

/// The name and the value of a field that no venue has.
pub(crate) const NEW: &str = "zz9New";

/// What was done to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// A field that no venue has stands in an object.
    Added,
    /// A field is missing.
    Removed,
    /// A field has another name; its value stays.
    Renamed,
    /// A value's digits or letters stay, its type does not.
    Requoted,
    /// A value is of a type that says nothing: `null`, `true`, `{}`, `[]`, itself in an array.
    Retyped,
    /// A field stands twice.
    Doubled,
    /// A string is one that no venue knows.
    Unknown,
    /// The text ends early, or something stands behind it.
    Broken,
    /// White space stands behind it.
    Padded,
    /// A bit of a scalar is another.
    Flipped,
    /// A bit of a key is another.
    FlippedKey,
    /// A bit between keys and scalars is another.
    FlippedMark,
}

/// One message that went wrong in one place.
#[derive(Clone, Debug)]
pub(crate) struct Bent {
    pub(crate) how: How,
    /// The field in which, or whose name, it went wrong.
    pub(crate) key: String,
    /// The scalar that stood there, without quotes.
    pub(crate) old: Option<String>,
    /// What stands there now: a scalar without quotes, or a name.
    pub(crate) new: Option<String>,
    pub(crate) frame: Vec<u8>,
}

/// Calls `visit` on every bent form of `text`.
pub(crate) fn each(text: &str, mut visit: impl FnMut(Bent)) {
    let tree = Tree::read(text);
    assert_eq!(tree.text(), text, "goldens have no spaces");
    broken(text, &mut visit);
    added(&tree, &mut visit);
    for (path, key) in tree.fields() {
        field(&tree, &path, &key, &mut visit);
    }
    for path in tree.scalars() {
        scalar(&tree, &path, &mut visit);
    }
    flipped(&tree, text, &mut visit);
}

fn bent(how: How, key: &str, (old, new): (Option<&str>, Option<&str>), frame: &[u8]) -> Bent {
    Bent {
        how,
        key: key.to_owned(),
        old: old.map(str::to_owned),
        new: new.map(str::to_owned),
        frame: frame.to_vec(),
    }
}

fn broken(text: &str, visit: &mut impl FnMut(Bent)) {
    for length in 0..text.len() {
        let cut = &text.as_bytes()[..length];
        visit(bent(How::Broken, "", (None, None), cut));
    }
    for more in ["x", "}", "]", ",", "\"", "\0", "0", "{}", text] {
        let frame = format!("{text}{more}");
        visit(bent(How::Broken, "", (None, None), frame.as_bytes()));
    }
    let frame = format!("{text} \r\n\t");
    visit(bent(How::Padded, "", (None, None), frame.as_bytes()));
}

fn added(tree: &Tree, visit: &mut impl FnMut(Bent)) {
    for path in tree.objects() {
        for (at_end, value) in [(false, "{\"deep\":[null,1.5,\"x\"]}"), (true, "\"x\"")] {
            let more = tree.with(&path, |object| {
                if let Tree::Object(fields) = object {
                    let at = if at_end { fields.len() } else { 0 };
                    fields.insert(at, (NEW.to_owned(), Tree::read(value)));
                }
            });
            let names = (None, Some(NEW));
            visit(bent(How::Added, "", names, more.text().as_bytes()));
        }
    }
}

/// The text of a scalar without its quotes.
fn inner(tree: &Tree) -> Option<&str> {
    match tree {
        Tree::Scalar(text) => Some(text.trim_matches('"')),
        _ => None,
    }
}

fn field(tree: &Tree, path: &Path, key: &str, visit: &mut impl FnMut(Bent)) {
    let old = inner(tree.at(path));
    let mut say = |how, new: Option<&str>, changed: &Tree| {
        visit(bent(how, key, (old, new), changed.text().as_bytes()));
    };
    let removed = tree.with_fields(path, |fields, at| drop(fields.remove(at)));
    say(How::Removed, None, &removed);
    for name in [format!("{key}_"), other_case(key)] {
        let renamed = tree.with_fields(path, |fields, at| fields[at].0.clone_from(&name));
        if name != key {
            say(How::Renamed, Some(&name), &renamed);
        }
    }
    let same = tree.with_fields(path, |fields, at| fields.insert(at, fields[at].clone()));
    say(How::Doubled, None, &same);
    for value in ["\"1\"", "2", "null", "{}", "[]"] {
        let second = (key.to_owned(), Tree::read(value));
        let twice = tree.with_fields(path, |fields, _| fields.push(second));
        say(How::Doubled, None, &twice);
    }
    let wrapped = Tree::Array(vec![tree.at(path).clone()]);
    let others = ["null", "true", "{}", "[]", "[[[]]]", "{\"x\":{}}"].map(Tree::read);
    for other in others.into_iter().chain([wrapped]) {
        if !is_alike(&other, tree.at(path)) {
            let new = inner(&other);
            say(
                How::Retyped,
                new,
                &tree.with(path, |value| *value = other.clone()),
            );
        }
    }
}

/// Whether a value is of the other's type: the other says something else, or nothing, in good form.
fn is_alike(one: &Tree, other: &Tree) -> bool {
    let is_flag = |tree: &Tree| matches!(inner(tree), Some("true" | "false"));
    let is_empty = |tree: &Tree| matches!(tree, Tree::Array(items) if items.is_empty());
    let is_list = |tree: &Tree| matches!(tree, Tree::Array(_));
    one == other || (is_flag(one) && is_flag(other)) || (is_empty(one) && is_list(other))
}

fn other_case(key: &str) -> String {
    let flip = |letter: char| match letter.is_ascii_lowercase() {
        true => letter.to_ascii_uppercase(),
        false => letter.to_ascii_lowercase(),
    };
    key.chars().map(flip).collect()
}

/// The name of the innermost field around a path.
fn key_of(tree: &Tree, path: &[usize]) -> String {
    let mut found = String::new();
    for end in 0..path.len() {
        if let Tree::Object(fields) = tree.at(&path[..end]) {
            found.clone_from(&fields[path[end]].0);
        }
    }
    found
}

fn scalar(tree: &Tree, path: &Path, visit: &mut impl FnMut(Bent)) {
    let Tree::Scalar(text) = tree.at(path) else {
        return;
    };
    let (key, old) = (key_of(tree, path), text.trim_matches('"'));
    let mut say = |how, new: String| {
        let changed = tree.with(path, |value| *value = Tree::Scalar(new.clone()));
        let new = Some(new.trim_matches('"'));
        visit(bent(how, &key, (Some(old), new), changed.text().as_bytes()));
    };
    if text.starts_with('"') {
        say(How::Unknown, format!("\"{NEW}\""));
        say(How::Requoted, old.to_owned());
    } else {
        say(How::Requoted, format!("\"{old}\""));
    }
    let is_whole = !old.is_empty() && old.bytes().all(|byte| byte.is_ascii_digit());
    if is_whole {
        say(How::Requoted, text.replace(old, &format!("{old}.0")));
    }
}

/// What a run of bytes of a message is.
struct Span {
    start: usize,
    end: usize,
    key: String,
    /// Of a key: the scalar that it names.
    names: Option<Option<String>>,
}

/// The places of keys and scalars, without their quotes.
fn spans(tree: &Tree, key: &str, at: &mut usize, found: &mut Vec<Span>) {
    match tree {
        Tree::Scalar(text) => {
            let quote = usize::from(text.starts_with('"'));
            found.push(Span {
                start: *at + quote,
                end: *at + text.len() - quote,
                key: key.to_owned(),
                names: None,
            });
            *at += text.len();
        }
        Tree::Array(items) => {
            *at += usize::from(items.is_empty()) + 1;
            for item in items {
                spans(item, key, at, found);
                *at += 1;
            }
        }
        Tree::Object(fields) => {
            *at += usize::from(fields.is_empty()) + 1;
            for (name, value) in fields {
                found.push(Span {
                    start: *at + 1,
                    end: *at + 1 + name.len(),
                    key: name.clone(),
                    names: Some(inner(value).map(str::to_owned)),
                });
                *at += name.len() + 3;
                spans(value, name, at, found);
                *at += 1;
            }
        }
    }
}

fn flipped(tree: &Tree, text: &str, visit: &mut impl FnMut(Bent)) {
    let mut places = Vec::new();
    spans(tree, "", &mut 0, &mut places);
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut frame = text.as_bytes().to_vec();
            frame[at] ^= 1 << bit;
            let place = places
                .iter()
                .find(|span| (span.start..span.end).contains(&at));
            let Some(place) = place else {
                visit(bent(How::FlippedMark, "", (None, None), &frame));
                continue;
            };
            let run = place.start..place.end;
            let is_bare = place.start == 0 || text.as_bytes()[place.start - 1] != b'"';
            let new = String::from_utf8_lossy(&frame[run.clone()]).into_owned();
            // White space around a bare number is none of it.
            let new = if is_bare { new.trim() } else { &new };
            let (how, old) = match &place.names {
                Some(named) => (How::FlippedKey, named.as_deref()),
                None => (How::Flipped, Some(&text[run])),
            };
            visit(bent(how, &place.key, (old, Some(new)), &frame));
        }
    }
}
