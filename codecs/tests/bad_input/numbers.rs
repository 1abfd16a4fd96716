//! Numbers: quoted or bare alike, and text that is none.

use feedd_codecs::venue::Channel;

use super::allowed::{STATISTICS, UNREAD, listed};
use super::{Case, for_each_golden, taken};
use crate::support::script::Script;
use crate::support::tree::Tree;

/// Quoted where the venue sends bare numbers, bare where it sends quoted ones: the same records.
pub(super) fn numbers_quoted_or_bare<S: Script>() {
    let case = Case::<S>::new();
    for (channel, golden) in &case.goldens {
        let tree = Tree::read(golden);
        let good = taken::<S>(*channel, golden);
        for path in tree.scalars() {
            let Tree::Scalar(text) = tree.at(&path) else {
                continue;
            };
            let inner = text.trim_matches('"');
            let is_number = inner
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.');
            if is_number {
                let other = if inner == text {
                    format!("\"{inner}\"")
                } else {
                    inner.to_owned()
                };
                let changed = tree.with(&path, |value| *value = Tree::Scalar(other));
                let case = taken::<S>(*channel, &changed.text());
                assert_eq!(case.rig.records, good.rig.records, "{}", changed.text());
            }
        }
    }
}

/// The places of prices and quantities in a message.
pub(super) fn decimals<S: Script>(tree: &Tree) -> Vec<Vec<usize>> {
    let is_decimal = |path: &Vec<usize>| match tree.at(path) {
        Tree::Scalar(text) => {
            let inner = text.trim_matches('"');
            inner.contains('.')
                && inner
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'.')
        }
        _ => false,
    };
    let unread = tree.fields().into_iter().filter(|(_, key)| {
        listed::<S>(&UNREAD, Channel::BBO, key)
            || listed::<S>(&UNREAD, S::TRADES, key)
            || listed::<S>(&STATISTICS, Channel::BBO, key)
    });
    let unread: Vec<Vec<usize>> = unread.map(|field| field.0).collect();
    let mut found = tree.scalars();
    found.retain(|path| is_decimal(path) && !unread.contains(path));
    found
}

pub(super) fn numbers_that_are_none<S: Script>() {
    let long = "1".repeat(60);
    let longer = "1".repeat(65);
    let tiny = format!("0.{}1", "0".repeat(40));
    let rules = [
        ("NaN", "invalid_number"),
        ("Infinity", "invalid_number"),
        ("", "invalid_number"),
        (" 1", "invalid_number"),
        ("1 ", "invalid_number"),
        ("1,5", "invalid_number"),
        ("1.2.3", "invalid_number"),
        ("0x10", "invalid_number"),
        ("--1", "invalid_number"),
        ("+1", "invalid_number"),
        ("1e", "invalid_number"),
        ("1e1000", "invalid_number"),
        ("１", "invalid_number"),
        (&longer, "invalid_number"),
        (&long, "number_range"),
        (&tiny, "number_range"),
        ("1e30", "number_range"),
        ("9223372036854775808", "number_range"),
        ("-1", "negative"),
        ("-0.00000001", "negative"),
    ];
    for_each_golden::<S>(|case, channel, golden| {
        let tree = Tree::read(golden);
        let places = decimals::<S>(&tree);
        assert!(!places.is_empty());
        for path in places {
            for (text, rule) in rules {
                let quoted = Tree::Scalar(format!("\"{text}\""));
                let bent = tree.with(&path, |value| *value = quoted).text();
                assert_eq!(case.refused(channel, &bent), rule, "{bent}");
                // Bare, spaces and commas are the frame's and not the number's.
                let bare = tree.with(&path, |value| *value = Tree::scalar(text)).text();
                if !text.contains([' ', ',']) {
                    let found = case.refused(channel, &bare);
                    assert!(
                        found == rule || found == "invalid_json",
                        "{found} for {bare}"
                    );
                }
            }
        }
    });
}
