//! Frames by name.

use super::ScenarioError;
use super::args::Args;
use crate::fault::RawFrame;

type Make = fn(Vec<u8>) -> RawFrame;

const KINDS: [(&str, Make); 10] = [
    ("text", RawFrame::Text),
    ("binary", RawFrame::Binary),
    ("fragments", |body| {
        RawFrame::Fragments(body.chunks(2).map(<[u8]>::to_vec).collect())
    }),
    ("ping-flood", |body| RawFrame::PingFlood(body, 1_000)),
    ("compressed", RawFrame::Compressed),
    ("masked", RawFrame::Masked),
    ("orphan-continuation", RawFrame::OrphanContinuation),
    ("interrupted", |body| {
        RawFrame::Interrupted(body.clone(), body)
    }),
    ("fragmented-ping", RawFrame::FragmentedPing),
    ("reserved-opcode", RawFrame::ReservedOpcode),
];

/// The frame that `kind` names, with the text `body` in it.
pub(super) fn frame(args: &mut Args<'_>) -> Result<RawFrame, ScenarioError> {
    let make = args.one_of("kind", &KINDS)?;
    let body = args.maybe_text("body")?.unwrap_or_else(|| "{}".to_owned());
    let count = args.maybe_number("count")?;
    Ok(match make(body.into_bytes()) {
        RawFrame::PingFlood(body, _) if count.is_some() => {
            RawFrame::PingFlood(body, args.narrow("count")?)
        }
        frame => frame,
    })
}
