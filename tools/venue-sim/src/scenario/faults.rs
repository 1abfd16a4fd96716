//! The faults by name, and the keys of each.

use super::args::Args;
use super::{ScenarioError, change, frames};
use crate::config::Product;
use crate::fault::{Ending, Fault, RestAnswer, Target};
use crate::hub::Requests;
use crate::instrument::InstrumentConfig;
use crate::reference::ReferenceChange;

type Built = Result<Vec<Fault>, ScenarioError>;
type Build = fn(&mut Args<'_>, u64) -> Built;

/// Name and maker of every fault.
const FAULTS: [(&str, Build); 37] = [
    ("drop", |args, _| {
        counted(args, |target, count| Fault::Drop { target, count })
    }),
    ("duplicate", |args, _| {
        counted(args, |target, count| Fault::Duplicate { target, count })
    }),
    ("reorder", |args, _| {
        counted(args, |target, count| Fault::Reorder { target, count })
    }),
    ("wrong-checksum", |args, _| {
        counted(args, |target, count| Fault::WrongChecksum { target, count })
    }),
    ("reject", |args, _| {
        counted(args, |target, count| Fault::RejectSubscribe {
            target,
            count,
        })
    }),
    ("ignore", |args, _| {
        counted(args, |target, count| Fault::Ignore { target, count })
    }),
    ("lose-ack", |args, _| {
        counted(args, |target, count| Fault::LoseAck { target, count })
    }),
    ("half-subscribe", |args, _| {
        counted(args, |target, count| Fault::HalfSubscribe { target, count })
    }),
    ("silence", |args, _| {
        counted(args, |target, subscriptions| Fault::Silence {
            target,
            subscriptions,
        })
    }),
    ("loss", loss),
    ("resend", resend),
    ("shuffle", shuffle),
    ("mutate", mutate),
    ("delay", delay),
    ("clog", |args, _| {
        lasting(args, |target, lasts| Fault::Clog { target, lasts })
    }),
    ("freeze", |args, _| {
        lasting(args, |target, lasts| Fault::Freeze { target, lasts })
    }),
    ("trickle", trickle),
    ("expire", |args, _| {
        plain(args, |target| Fault::Expire { target })
    }),
    ("close", close),
    ("reset", reset),
    ("cut", |args, _| ended(args, Ending::Cut)),
    ("cut-mid-message", |args, _| {
        ended(args, Ending::mid_message())
    }),
    ("frame", frame),
    ("rest", rest),
    ("stale-snapshot", stale_snapshot),
    ("resnapshot", |args, _| {
        plain(args, |target| Fault::Resnapshot { target })
    }),
    ("restart", |args, _| {
        plain(args, |target| Fault::Restart { target })
    }),
    ("system-status", |args, _| {
        Ok(vec![Fault::SystemStatus {
            system: args.text("system")?,
        }])
    }),
    ("platform-status", platform_status),
    ("trade-burst", trade_burst),
    ("server-shutdown", |_, _| Ok(vec![Fault::ServerShutdown])),
    ("clock-jump", clock_jump),
    ("cross", cross),
    ("sequence-reset", sequence_reset),
    ("list", list),
    ("reference", reference),
    ("heal", |_, _| Ok(vec![Fault::Heal])),
];

/// The faults that a table names, one per product.
pub(super) fn faults(args: &mut Args<'_>, seed: u64) -> Built {
    let build = args.one_of("fault", &FAULTS)?;
    build(args, seed)
}

/// Names of all faults.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FAULTS.into_iter().map(|(name, _)| name)
}

fn plain(args: &mut Args<'_>, make: impl Fn(Target) -> Fault) -> Built {
    Ok(args.targets()?.into_iter().map(make).collect())
}

fn counted(args: &mut Args<'_>, make: impl Fn(Target, u64) -> Fault) -> Built {
    let count = args.count()?;
    plain(args, |target| make(target, count))
}

fn lasting(args: &mut Args<'_>, make: impl Fn(Target, std::time::Duration) -> Fault) -> Built {
    let lasts = args.lasts()?;
    plain(args, |target| make(target, lasts))
}

fn per_product(args: &mut Args<'_>, make: impl Fn(Product) -> Fault) -> Built {
    Ok(args.products()?.into_iter().map(make).collect())
}

fn loss(args: &mut Args<'_>, seed: u64) -> Built {
    let ppm = args.chance()?;
    lasting(args, |target, lasts| Fault::Loss {
        target,
        ppm,
        lasts,
        seed,
    })
}

fn resend(args: &mut Args<'_>, seed: u64) -> Built {
    let ppm = args.chance()?;
    lasting(args, |target, lasts| Fault::Resend {
        target,
        ppm,
        lasts,
        seed,
    })
}

fn shuffle(args: &mut Args<'_>, seed: u64) -> Built {
    let within = args.narrow("within")?;
    counted(args, |target, count| Fault::Shuffle {
        target,
        within,
        count,
        seed,
    })
}

fn mutate(args: &mut Args<'_>, seed: u64) -> Built {
    let mutation = change::mutation(args)?;
    counted(args, |target, count| Fault::Mutate {
        target,
        mutation: mutation.clone(),
        count,
        seed,
    })
}

fn delay(args: &mut Args<'_>, _: u64) -> Built {
    let by = args.duration("by")?;
    lasting(args, |target, lasts| Fault::Delay { target, by, lasts })
}

fn trickle(args: &mut Args<'_>, _: u64) -> Built {
    let bytes_per_second = args.narrow("bytes_per_second")?;
    lasting(args, |target, lasts| Fault::Trickle {
        target,
        bytes_per_second,
        lasts,
    })
}

fn ended(args: &mut Args<'_>, ending: Ending) -> Built {
    plain(args, |target| Fault::Close {
        target,
        ending: ending.clone(),
    })
}

fn close(args: &mut Args<'_>, _: u64) -> Built {
    let code = match args.maybe_number("code")? {
        Some(_) => args.narrow("code")?,
        None => 1_001,
    };
    let reason = args.maybe_text("reason")?.unwrap_or_default();
    ended(args, Ending::Clean { code, reason })
}

fn reset(args: &mut Args<'_>, _: u64) -> Built {
    let after = args.maybe_number("after")?;
    ended(args, after.map_or(Ending::Reset, Ending::ResetAfter))
}

fn frame(args: &mut Args<'_>, _: u64) -> Built {
    let frame = frames::frame(args)?;
    plain(args, |target| Fault::Raw {
        target,
        frame: frame.clone(),
    })
}

fn rest(args: &mut Args<'_>, _: u64) -> Built {
    let answer = answer(args)?;
    let (path, count) = (args.maybe_text("path")?, args.count()?);
    per_product(args, |product| Fault::Rest {
        product,
        path: path.clone(),
        answer: answer.clone(),
        count,
    })
}

/// The one answer that the keys name.
fn answer(args: &mut Args<'_>) -> Result<RestAnswer, ScenarioError> {
    let retry_after = args.maybe_number("retry_after")?;
    let status = args.maybe_number("status")?;
    let body = args.maybe_text("body")?;
    let delay = args.maybe_duration("delay")?;
    let cut = args.maybe_number("truncate")?;
    let kind = args.maybe_text("answer")?;
    match (status, body, delay, cut, kind.as_deref()) {
        (Some(_), None, None, None, None) => Ok(RestAnswer::Status {
            code: args.narrow("status")?,
            retry_after,
        }),
        (None, Some(body), None, None, None) => Ok(RestAnswer::Body(body)),
        (None, None, Some(delay), None, None) => Ok(RestAnswer::Delay(delay)),
        (None, None, None, Some(_), None) => Ok(RestAnswer::Truncated(args.narrow("truncate")?)),
        (None, None, None, None, Some("html")) => Ok(RestAnswer::Html),
        (None, None, None, None, Some("hang")) => Ok(RestAnswer::Delay(Requests::DELAY_MAX)),
        _ => Err(args.wrong(
            "answer",
            "must be \"html\" or \"hang\", or else one of `status`, `body`, `delay` and `truncate`",
        )),
    }
}

fn stale_snapshot(args: &mut Args<'_>, _: u64) -> Built {
    let (symbol, count) = (args.text("symbol")?, args.count()?);
    per_product(args, |product| Fault::StaleSnapshot {
        product,
        symbol: symbol.clone(),
        count,
    })
}

fn clock_jump(args: &mut Args<'_>, _: u64) -> Built {
    let (by_ms, lasts) = (args.signed_ms("by")?, args.lasts()?);
    per_product(args, |product| Fault::ClockJump {
        product,
        by_ms,
        lasts,
    })
}

fn cross(args: &mut Args<'_>, _: u64) -> Built {
    let (symbol, lasts) = (args.text("symbol")?, args.lasts()?);
    let ticks = args.narrow("ticks")?;
    per_product(args, |product| Fault::Cross {
        product,
        symbol: symbol.clone(),
        ticks,
        lasts,
    })
}

fn sequence_reset(args: &mut Args<'_>, _: u64) -> Built {
    let symbol = args.text("symbol")?;
    per_product(args, |product| Fault::SequenceReset {
        product,
        symbol: symbol.clone(),
    })
}

fn trade_burst(args: &mut Args<'_>, _: u64) -> Built {
    let (symbol, trades) = (args.text("symbol")?, args.narrow("trades")?);
    per_product(args, |product| Fault::TradeBurst {
        product,
        symbol: symbol.clone(),
        trades,
    })
}

fn platform_status(args: &mut Args<'_>, _: u64) -> Built {
    let state = args.text("state")?;
    per_product(args, |product| Fault::PlatformStatus {
        product,
        state: state.clone(),
    })
}

/// Signed fields of an instrument are bounded by the simulator's own check, far below 2^63.
fn list(args: &mut Args<'_>, _: u64) -> Built {
    let instrument = InstrumentConfig {
        symbol: args.text("symbol")?,
        base: args.text("base")?,
        quote: args.text("quote")?,
        px_digits: args.narrow("px_digits")?,
        tick: args.narrow("tick")?,
        px_start: args.narrow("px_start")?,
        qty_digits: args.narrow("qty_digits")?,
        lot: args.narrow("lot")?,
    };
    per_product(args, |product| Fault::Reference {
        product,
        change: ReferenceChange::List(instrument.clone()),
    })
}

fn reference(args: &mut Args<'_>, _: u64) -> Built {
    type Make = fn(String) -> ReferenceChange;
    const CHANGES: [(&str, Option<Make>); 4] = [
        ("halt", Some(|symbol| ReferenceChange::Halt { symbol })),
        ("resume", Some(|symbol| ReferenceChange::Resume { symbol })),
        ("delist", Some(|symbol| ReferenceChange::Delist { symbol })),
        ("tick", None),
    ];
    let (symbol, make) = (args.text("symbol")?, args.one_of("change", &CHANGES)?);
    let change = match make {
        Some(make) => make(symbol),
        None => ReferenceChange::Tick {
            symbol,
            tick: args.narrow("tick")?,
        },
    };
    per_product(args, |product| Fault::Reference {
        product,
        change: change.clone(),
    })
}
