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
    match op {
        "ping" | "pong" => {
            batch.control(Control::Heartbeat);
            return Ok(());
        }
        "" | "subscribe" | "unsubscribe" => {}
        // What is no answer must not be taken for one: it would settle a request.
        new => {
            batch.drift.unknown_value("answer", "op", new);
            batch.control(Control::Ignored);
            return Ok(());
        }
    }
    let success = object.need("success")?.boolean("success")?;
    let topics = match object.get("data").filter(|_| listed) {
        Some(data) => Topics::of(data.object("data")?.distinct()?)?,
        None => Topics::default(),
    };
    if let (Some(failed), Some(done)) = (topics.failed, topics.done) {
        each(failed, Some(topics.reason(reason)), instruments, batch)?;
        return each(done, None, instruments, batch);
    }
    let refused = (!success || topics.failed.is_some()).then(|| topics.reason(reason).into());
    batch.control(Control::Answer {
        request: text("req_id")?.parse().ok(),
        stream: None,
        refused,
    });
    Ok(())
}

/// The lists of a `COMMAND_RESP` that name any topic. Where only some failed, each topic is
/// answered; else the answer is about the whole request, as topics behind a bad one are in neither
/// list.
#[derive(Clone, Copy, Debug, Default)]
struct Topics<'t, 'f> {
    failed: Option<Items<'t, 'f>>,
    done: Option<Items<'t, 'f>>,
}

impl<'t, 'f> Topics<'t, 'f> {
    fn of(lists: Fields<'t, 'f>) -> Result<Self, Reject> {
        let list = |key: &'static str| match lists.get(key) {
            Some(list) if !list.is_null() => list
                .array(key)
                .map(|list| (!list.is_empty()).then_some(list)),
            _ => Ok(None),
        };
        Ok(Self {
            failed: list("failTopics")?,
            done: list("successTopics")?,
        })
    }

    /// Why topics failed: the venue's words, or the first of them.
    fn reason(self, text: &'f str) -> &'f str {
        let first = self.failed.and_then(|failed| failed.iter().next());
        match first.and_then(|topic| topic.text("topic").ok()) {
            Some(topic) if text.is_empty() => topic,
            _ => text,
        }
    }
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
