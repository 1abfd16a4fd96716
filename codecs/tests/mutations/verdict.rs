//! What may come of a message that went wrong in one place.
//!
//! It is refused, or says what the good one says, or one of these, of which each is checked:
//!
//! * A field that no venue has changes nothing and is counted by its name.
//! * A field that is gone (missing, renamed, `null`) takes its own value away and nothing else; a
//!   new name is counted.
//! * A digit or letter that is another changes what the field says from the old text's value to the
//!   new text's value, and nothing else.
//! * A word that no venue has makes the message ignored, and is counted.
//! * What [`ALLOWED`] lists, with its reason.

use std::collections::BTreeSet;

use feedd_codecs::record::TradeId;
use feedd_codecs::{Fixed, Reject, time};

use super::allowed::{ALLOWED, KEYED, UNCOUNTED};
use super::bend::{Bent, How, NEW};
use super::goldens::Golden;
use super::reader::Meaning;

/// A fact with its text before and after.
type Change<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

/// Whether the outcome may be; `fields` are the names that the exchange has, of which a flipped bit
/// may make another. The rows of [`ALLOWED`] that were needed are noted in `used`.
pub(crate) fn judge(
    golden: &Golden,
    (fields, good): (&BTreeSet<String>, &Meaning),
    bent: &Bent,
    outcome: &Result<Meaning, Reject>,
    used: &mut BTreeSet<usize>,
) -> Result<(), String> {
    let found = match (outcome, bent.how) {
        (Err(_), How::Added) if KEYED.iter().any(|row| row.is_of(golden)) => return Ok(()),
        (Err(reject), How::Added | How::Padded) => return Err(format!("refused: {reject}")),
        (Err(_), _) => return Ok(()),
        (Ok(_), How::Broken) => return Err("taken".to_owned()),
        (Ok(found), _) => found,
    };
    let is_other = bent.new.as_ref().is_some_and(|name| fields.contains(name));
    let may_be_other = bent.how == How::FlippedKey && is_other;
    if !may_be_other && !is_told(golden, good, bent, found) {
        return Err(format!("not counted: {:?}", found.drift));
    }
    let wrong: Vec<Change<'_>> = changes(good, found)
        .into_iter()
        .filter(|change| !is_due(bent, *change))
        .collect();
    if wrong.is_empty() || is_ignored(good, bent, found) {
        return Ok(());
    }
    let row = |change: &Change<'_>| {
        ALLOWED
            .iter()
            .position(|row| row.allows(golden, bent, change.0))
    };
    let rows: Option<Vec<usize>> = wrong.iter().map(row).collect();
    used.extend(rows.ok_or_else(|| format!("{wrong:?}"))?);
    Ok(())
}

/// Whether a new field name is counted.
fn is_told(golden: &Golden, good: &Meaning, bent: &Bent, found: &Meaning) -> bool {
    let count = |name: &str| {
        let named = found.drift.iter().find(|(told, _)| told == name);
        named.map_or(0, |named| named.1)
    };
    let Some(name) = &bent.new else { return true };
    match bent.how {
        _ if UNCOUNTED.iter().any(|row| row.is_of(golden)) => true,
        How::Added => count(NEW) == 1 && found.drift.len() == good.drift.len() + 1,
        How::Renamed => count(name) == 1,
        How::FlippedKey => found.drift.len() > good.drift.len() || found.facts == good.facts,
        _ => true,
    }
}

fn changes<'a>(good: &'a Meaning, found: &'a Meaning) -> Vec<Change<'a>> {
    let (before, after) = (&good.facts, &found.facts);
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let change = |name: &'a String| {
        (
            name.as_str(),
            before.get(name).map(String::as_str),
            after.get(name).map(String::as_str),
        )
    };
    let changes = names.into_iter().map(change);
    changes
        .filter(|(_, before, after)| before != after)
        .collect()
}

/// Whether a change is what the wire's change says.
fn is_due(bent: &Bent, (name, before, after): Change<'_>) -> bool {
    let old = bent.old.as_deref();
    if name.ends_with("_digits") {
        // How many digits the wire has is a fact of its own: checksums are made of them.
        return matches!(bent.how, How::Flipped | How::Requoted);
    }
    match bent.how {
        How::Removed | How::Renamed | How::FlippedKey | How::Retyped => {
            old.is_some_and(|old| is_gone(old, before, after))
        }
        How::Flipped | How::Unknown => match (old, bent.new.as_deref()) {
            (Some(old), Some(new)) => follows((old, new), before, after),
            _ => false,
        },
        _ => false,
    }
}

/// The texts that a fact may have which a wire text gives: as it is, in other units, as a time.
fn images(text: &str) -> Vec<Option<String>> {
    let number = Fixed::parse(text.as_bytes()).ok();
    let scaled = |factor: i64| {
        let number = number?;
        let mantissa = number.mantissa.checked_mul(factor)?;
        Some(Fixed::new(mantissa, number.exp).to_string())
    };
    let whole: Option<u64> = text.parse().ok();
    let epoch = |whole: u64| time::from_epoch(whole).map(|ns| ns.to_string());
    let seconds = || number?.at(-9).map(|ns| ns.to_string());
    let flag = || {
        text.parse::<bool>()
            .ok()
            .map(|flag| u8::from(flag).to_string())
    };
    vec![
        Some(text.to_owned()),
        Some(text.to_ascii_uppercase()),
        scaled(1),
        scaled(100),
        scaled(3_600),
        scaled(-1),
        whole.and_then(epoch),
        whole.and_then(|whole| epoch(whole.checked_add(1)?)),
        // Epochs among figures have their own exponent.
        whole.and_then(epoch).and_then(|ns| in_seconds(&ns)),
        time::from_rfc3339(text).map(|ns| ns.to_string()),
        time::from_rfc3339(text).and_then(|ns| in_seconds(&ns.to_string())),
        seconds(),
        flag(),
        TradeId::parse(text).map(|id| format!("{id:?}")),
        number.map(|number| number.exp.min(0).unsigned_abs().to_string()),
        number.map(|number| number.normalized().exp.to_string()),
    ]
}

fn in_seconds(ns: &str) -> Option<String> {
    let ns: i64 = ns.parse().ok()?;
    Some(Fixed::new(ns, -9).to_string())
}

/// Whether a fact went with its wire text: by one and the same rule from old to old, new to new.
fn follows((old, new): (&str, &str), before: Option<&str>, after: Option<&str>) -> bool {
    if before.is_none() && matches!(old, "0" | "-1" | "" | "null") {
        return images(new).iter().any(|image| image.as_deref() == after);
    }
    let pairs = images(old).into_iter().zip(images(new));
    let mut pairs = pairs.filter(|(image, _)| image.as_deref() == before && before.is_some());
    pairs.any(|(_, image)| image.as_deref() == after)
}

/// Whether a fact went away with the text that gave it.
fn is_gone(old: &str, before: Option<&str>, after: Option<&str>) -> bool {
    let nothing = matches!(after, None | Some("0" | "absent" | ""));
    nothing && images(old).iter().any(|image| image.as_deref() == before)
}

/// Whether a message that says what no venue says was ignored, and counted.
fn is_ignored(good: &Meaning, bent: &Bent, found: &Meaning) -> bool {
    let kinds: Vec<&str> = found.facts.values().map(String::as_str).collect();
    let bent = matches!(bent.how, How::Unknown | How::Flipped | How::FlippedKey);
    bent && kinds == ["Ignored"] && found.drift.len() > good.drift.len()
}
