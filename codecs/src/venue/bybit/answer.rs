//! Answers to requests and pings.
//!
//! Spot and futures answer a whole request (`success`, `ret_msg`, `op`, `req_id`); options list the
//! topics that succeeded and failed (`COMMAND_RESP`) and echo no number.

use super::topic::{self, Topic};
use crate::batch::{Batch, Control};
use crate::instrument::{InstrumentId, Instruments};
use crate::json::{Fields, Items};
use crate::reject::Reject;
use crate::venue::{Channel, StreamKey};

/// Most topics in one answer: an option connection may have 2,000.
const TOPICS_MAX: usize = 4096;

pub(super) fn read(
    object: Fields<'_, '_>,
    instruments: &Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let object = object.distinct()?;
    let text = |key: &'static str| object.get(key).map_or(Ok(""), |item| item.text(key));
    let listed = text("type")? == "COMMAND_RESP";
    let op = text("op")?;
    if op.is_empty() && !listed {
        return Err(Reject::MissingField("op"));
    }
    let reason = text("ret_msg")?;
    if op == "pong" || (op == "ping" && reason == "pong") {
        batch.control(Control::Heartbeat);
        return Ok(());
    }
    let success = object.need("success")?.boolean("success")?;
    if listed && let Some(data) = object.get("data") {
        let topics = data.object("data")?.distinct()?;
        if by_topic(topics, reason, instruments, batch)? {
            return Ok(());
        }
    }
    let request = text("req_id")?.parse().ok();
    let refused = (!success).then(|| reason.into());
    batch.control(Control::Answer {
        request,
        stream: None,
        refused,
    });
    Ok(())
}

/// Answers topic by topic where some failed; whether it did.
fn by_topic(
    topics: Fields<'_, '_>,
    reason: &str,
    instruments: &Instruments,
    batch: &mut Batch,
) -> Result<bool, Reject> {
    let list = |key: &'static str| match topics.get(key) {
        Some(list) if !list.is_null() => list.array(key).map(Some),
        _ => Ok(None),
    };
    let Some(failed) = list("failTopics")?.filter(|failed| !failed.is_empty()) else {
        return Ok(false);
    };
    let first = batch.items.len();
    let reason = if reason.is_empty() {
        "topic failed"
    } else {
        reason
    };
    each(failed, Some(reason), instruments, batch)?;
    if let Some(done) = list("successTopics")? {
        each(done, None, instruments, batch)?;
    }
    Ok(batch.items.len() > first)
}

fn each(
    topics: Items<'_, '_>,
    refused: Option<&str>,
    instruments: &Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    if topics.len() > TOPICS_MAX {
        return Err(Reject::TooMany);
    }
    for name in topics.iter() {
        let Topic::Of(channel, symbol) = topic::parse(name.text("topic")?) else {
            continue;
        };
        for instrument in named(channel, symbol, instruments) {
            batch.control(Control::Answer {
                request: None,
                stream: Some(StreamKey {
                    instrument,
                    channel,
                }),
                refused: refused.map(Into::into),
            });
        }
    }
    Ok(())
}

/// The instruments that a topic may stand for: trades of options come by base currency, and which
/// of its instruments bears the stream is the feed's affair.
fn named<'a>(
    channel: Channel,
    symbol: &'a str,
    instruments: &'a Instruments,
) -> impl Iterator<Item = InstrumentId> + 'a {
    let one = instruments.find(symbol);
    let by_base = one.is_none() && channel == Channel::TRADE;
    let all = instruments.all().iter();
    let of_base = all.filter(move |known| by_base && super::base(known) == symbol);
    one.into_iter().chain(of_base.map(|known| known.id))
}
