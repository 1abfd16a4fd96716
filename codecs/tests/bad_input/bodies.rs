//! REST bodies and reference data, cut and bent.

use feedd_codecs::feed::Want;
use feedd_codecs::venue::Channel;

use super::allowed::{NOT_REQUIRED_OF_A_LISTING, is_of};
use super::{Case, inside, total};
use crate::support::script::Script;
use crate::support::tree::Tree;

/// A refused body is asked for again and changes nothing either.
pub(super) fn bodies_cut_and_bent<S: Script>() {
    let mut case = Case::<S>::new();
    if !case.rig.by_rest() {
        return;
    }
    let want = Want::Snapshot {
        instrument: case.rig.id(0),
        channel: Channel::BOOK,
    };
    let body = S::snapshot(&case.rig.truths[1]);
    let tree = Tree::read(&body);
    let mut bad: Vec<String> = (0..200).map(|length| body[..length].to_owned()).collect();
    bad.extend([
        "<html></html>".to_owned(),
        r#"{"code":-1121,"msg":"Invalid symbol."}"#.to_owned(),
    ]);
    for (path, key) in tree.fields() {
        if !["E", "T"].contains(&key.as_str()) {
            bad.push(
                tree.with_fields(&path, |fields, at| drop(fields.remove(at)))
                    .text(),
            );
        }
        bad.push(
            tree.with_fields(&path, |fields, at| fields.push(fields[at].clone()))
                .text(),
        );
        bad.push(
            tree.with(&path, |value| *value = Tree::scalar("null"))
                .text(),
        );
    }
    for body in bad {
        let rejects = total(case.rig.feed.counts());
        assert!(case.rig.answer(want, &body).is_err(), "{body}");
        assert_eq!(total(case.rig.feed.counts()), rejects + 1);
        assert_eq!(inside(&case.rig), case.before);
    }
    case.ends_well();
}

/// Reference data is all or nothing as well.
pub(super) fn reference_data_cut_and_bent<S: Script>() {
    let mut case = Case::<S>::new();
    let text = S::reference(&case.rig.truths);
    let line = case.rig.feed.lines()[0].id();
    let in_band = case.rig.references == 0;
    let tree = Tree::read(&text);
    let may_lack = |key: &str| match key {
        "status" => S::ID.exchange() == "binance",
        "tickSize"
        | "base"
        | "quote"
        | "contractValueTradePrecision"
        | "postOnly"
        | "isExpired"
        | "pair"
        | "serverTime"
            if is_of::<S>("kraken-futures") =>
        {
            true
        }
        key => NOT_REQUIRED_OF_A_LISTING.contains(&key),
    };
    let mut bad: Vec<String> = (0..text.len())
        .map(|length| text[..length].to_owned())
        .collect();
    for (path, key) in tree.fields() {
        bad.push(
            tree.with_fields(&path, |fields, at| fields.push(fields[at].clone()))
                .text(),
        );
        if !may_lack(&key) {
            bad.push(
                tree.with_fields(&path, |fields, at| drop(fields.remove(at)))
                    .text(),
            );
            bad.push(
                tree.with(&path, |value| *value = Tree::scalar("null"))
                    .text(),
            );
        }
    }
    for body in bad {
        let outcome = if in_band {
            case.rig.frame(line, &body)
        } else {
            case.rig.answer(Want::Reference { page: 0 }, &body)
        };
        assert!(outcome.is_err(), "{body}");
        assert_eq!(inside(&case.rig), case.before, "{body}");
    }
    case.ends_well();
}
