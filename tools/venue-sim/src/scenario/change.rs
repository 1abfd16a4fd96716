//! Mutations by name.

use super::ScenarioError;
use super::args::Args;
use crate::fault::Mutation;

/// Makers of the mutations, by the key they read besides `kind`.
#[derive(Clone, Copy)]
enum Make {
    Plain(fn() -> Mutation),
    /// `field`, which may be left to the seed.
    Field(fn(Option<String>) -> Mutation),
    /// A size under this key.
    Sized(&'static str, fn(usize) -> Mutation),
    /// `by`, a duration with a sign.
    Shift,
}

const KINDS: [(&str, Make); 22] = [
    ("add-field", Make::Plain(|| Mutation::AddField)),
    ("remove-field", Make::Field(Mutation::RemoveField)),
    ("rename-field", Make::Field(Mutation::RenameField)),
    ("retype-field", Make::Field(Mutation::RetypeField)),
    ("duplicate-key", Make::Field(Mutation::DuplicateKey)),
    ("huge-number", Make::Field(Mutation::HugeNumber)),
    ("unknown-enum", Make::Field(Mutation::UnknownEnum)),
    ("unknown-event", Make::Plain(|| Mutation::UnknownEvent)),
    ("truncate", Make::Sized("at", Mutation::Truncate)),
    ("trailing", Make::Sized("bytes", Mutation::Trailing)),
    ("empty", Make::Plain(|| Mutation::Empty)),
    ("invalid-utf8", Make::Plain(|| Mutation::InvalidUtf8)),
    ("deep-nesting", Make::Sized("levels", Mutation::DeepNesting)),
    ("huge-message", Make::Sized("bytes", Mutation::HugeMessage)),
    ("shift", Make::Shift),
    ("off-tick", Make::Plain(|| Mutation::OffTick)),
    ("negative-qty", Make::Plain(|| Mutation::NegativeQty)),
    ("explosion", Make::Sized("levels", Mutation::Explosion)),
    ("unknown-delete", Make::Plain(|| Mutation::UnknownDelete)),
    ("repeated-price", Make::Plain(|| Mutation::RepeatedPrice)),
    ("short-zero", Make::Plain(|| Mutation::ShortZero)),
    ("long-stamp", Make::Plain(|| Mutation::LongStamp)),
];

/// The mutation that `kind` and its own key name.
pub(super) fn mutation(args: &mut Args<'_>) -> Result<Mutation, ScenarioError> {
    Ok(match args.one_of("kind", &KINDS)? {
        Make::Plain(make) => make(),
        Make::Field(make) => make(args.maybe_text("field")?),
        Make::Sized(key, make) => make(args.narrow(key)?),
        Make::Shift => Mutation::Shift(args.signed_ms("by")?),
    })
}
