//! Messages cut short, and fields removed, renamed, retyped, doubled or new.

use feedd_codecs::venue::Channel;

use super::allowed::{OPTIONAL, STATISTICS, UNREAD, is_of, listed};
use super::{Case, for_each_golden, taken};
use crate::support::script::Script;
use crate::support::tree::Tree;

pub(super) fn cut_at_any_byte<S: Script>() {
    for_each_golden::<S>(|case, channel, golden| {
        for length in 0..golden.len() {
            let rule = case.refused(channel, &golden[..length]);
            let expected = if length == 0 { "empty" } else { "invalid_json" };
            assert_eq!(rule, expected, "{length}");
        }
        for more in ["x", "}", ",", "\0", golden] {
            assert_eq!(
                case.refused(channel, format!("{golden}{more}")),
                "invalid_json"
            );
        }
    });
}

pub(super) fn a_required_field_removed_or_renamed<S: Script>() {
    for_each_golden::<S>(|case, channel, golden| {
        let tree = Tree::read(golden);
        for (path, key) in tree.fields() {
            let without = tree
                .with_fields(&path, |fields, at| drop(fields.remove(at)))
                .text();
            let renamed = tree
                .with_fields(&path, |fields, at| fields[at].0.push('_'))
                .text();
            let tables = [&OPTIONAL[..], &UNREAD, &STATISTICS];
            if tables.iter().any(|table| listed::<S>(table, channel, &key)) {
                taken::<S>(channel, &without);
                let case = taken::<S>(channel, &renamed);
                assert_eq!(case.rig.feed.drift().count(), 1, "{renamed}");
            } else {
                for frame in [without, renamed] {
                    let rule = case.refused(channel, &frame);
                    let fits = ["missing_field", "unknown_shape", "wrong_type"].contains(&rule);
                    assert!(fits, "{rule} for {frame}");
                }
            }
        }
    });
}

/// What a value is, as far as the venues tell apart: quoted and bare numbers are one.
pub(super) fn sort(tree: &Tree) -> usize {
    match tree {
        Tree::Scalar(text) if text == "null" => 0,
        Tree::Scalar(text) if text == "true" || text == "false" => 1,
        Tree::Scalar(_) => 2,
        Tree::Array(_) => 3,
        Tree::Object(_) => 4,
    }
}

pub(super) fn a_required_field_of_another_type<S: Script>() {
    let others = [
        "null",
        "true",
        "1",
        "[]",
        "[[[]]]",
        "[\"1\"]",
        "{}",
        "{\"x\":{}}",
    ]
    .map(Tree::read);
    for_each_golden::<S>(|case, channel, golden| {
        let tree = Tree::read(golden);
        for (path, key) in tree.fields() {
            let held = tree.at(&path);
            for other in others.iter().filter(|other| sort(other) != sort(held)) {
                let bent = tree.with(&path, |value| *value = other.clone()).text();
                let no_value = sort(other) == 0 && may_be_null::<S>(channel, &key);
                if no_value || listed::<S>(&UNREAD, channel, &key) {
                    taken::<S>(channel, &bent);
                } else {
                    assert_eq!(case.refused(channel, &bent), "wrong_type", "{bent}");
                }
            }
        }
    });
}

/// Whether `null` says that the venue has no value.
pub(super) fn may_be_null<S: Script>(channel: Channel, key: &str) -> bool {
    listed::<S>(&STATISTICS, channel, key)
        || (is_of::<S>("kraken-futures") && listed::<S>(&OPTIONAL, channel, key))
}

pub(super) fn a_field_that_stands_twice<S: Script>() {
    for_each_golden::<S>(|case, channel, golden| {
        let tree = Tree::read(golden);
        for (path, key) in tree.fields() {
            let twice = tree.with_fields(&path, |fields, at| fields.push(fields[at].clone()));
            if listed::<S>(&UNREAD, channel, &key) {
                taken::<S>(channel, &twice.text());
            } else {
                assert_eq!(
                    case.refused(channel, twice.text()),
                    "duplicate_field",
                    "{key}"
                );
            }
        }
    });
}

pub(super) fn an_unknown_field_anywhere<S: Script>() {
    let case = Case::<S>::new();
    for (channel, golden) in &case.goldens {
        let tree = Tree::read(golden);
        let good = taken::<S>(*channel, golden);
        for path in tree.objects() {
            for value in ["1", "\"x\"", "null", "[[{}]]", "{\"price\":1}"] {
                let more = tree.with(&path, |object| {
                    if let Tree::Object(fields) = object {
                        fields.insert(0, ("brandNew".to_owned(), Tree::read(value)));
                    }
                });
                let case = taken::<S>(*channel, &more.text());
                assert_eq!(case.rig.feed.drift().count(), 1, "{}", more.text());
                assert_eq!(case.rig.records, good.rig.records, "it changes nothing");
            }
        }
    }
}
