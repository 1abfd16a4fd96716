//! The rules by number, by name and in words.

use feedd_codecs::Reject;
use feedd_codecs::feed::Rule;
use feedd_codecs::reject::RULE_COUNT;

/// Stands where the decoder names a field and the quarantine does not know which it was.
const SOME: &str = "…";

/// Each rule that is no quality rule, once.
const PLAIN: [Reject; 22] = [
    Reject::Empty,
    Reject::TooLarge,
    Reject::Binary,
    Reject::Html,
    Reject::InvalidUtf8,
    Reject::InvalidJson,
    Reject::TooDeep,
    Reject::UnknownShape,
    Reject::MissingField(SOME),
    Reject::DuplicateField,
    Reject::WrongType(SOME),
    Reject::InvalidNumber(SOME),
    Reject::NumberRange(SOME),
    Reject::Negative(SOME),
    Reject::InvalidTime(SOME),
    Reject::InvalidSide(SOME),
    Reject::InvalidId(SOME),
    Reject::UnknownInstrument,
    Reject::AmbiguousInstrument,
    Reject::TooMany,
    Reject::VenueError,
    Reject::Layout,
];

/// The rule of a name on the command line.
pub(super) fn code(name: &str) -> Result<u8, String> {
    let found = codes().find(|code| self::name(*code) == name);
    found.ok_or_else(|| {
        let names: Vec<String> = codes().map(self::name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// The rule's name; a later version may know more of them.
pub(super) fn name(code: u8) -> String {
    Reject::rule_of_code(code).map_or_else(|| format!("rule_{code}"), str::to_owned)
}

/// What the rule says, as far as its number tells.
pub(super) fn words(code: u8) -> String {
    of_code(code).map_or_else(
        || "a rule that this version does not know".to_owned(),
        |reject| reject.to_string(),
    )
}

/// Whether the frame was decoded and a record of it rejected.
pub(super) fn is_quality(code: u8) -> bool {
    matches!(of_code(code), Some(Reject::Quality(_)))
}

fn of_code(code: u8) -> Option<Reject> {
    let quality = Rule::ALL.into_iter().map(Reject::Quality);
    let mut all = PLAIN.into_iter().chain(quality);
    all.find(|reject| reject.code() == code)
}

fn codes() -> impl Iterator<Item = u8> {
    (1..=u8::MAX).take(RULE_COUNT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_the_decoder_has_words() {
        for code in codes() {
            let reject = of_code(code).map(|reject| reject.rule());
            assert_eq!(reject, Reject::rule_of_code(code));
            assert_eq!(self::code(&name(code)), Ok(code));
        }
        assert_eq!(words(9), "required field `…` is missing");
        assert!(is_quality(code("quality_crossed").unwrap()));
        assert_eq!(name(250), "rule_250");
        assert_eq!(words(250), "a rule that this version does not know");
    }
}
