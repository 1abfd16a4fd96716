//! Messages with `event`: answers and errors.
//!
//! None carries a request's number. Answers name feed and product; errors name nothing, so that they
//! are taken to be about the oldest request without an answer (rule F5).

use crate::batch::{Batch, Control};
use crate::instrument::{InstrumentId, Instruments};
use crate::json::{Fields, Item, fields, need};
use crate::reject::Reject;
use crate::venue::{Channel, StreamKey};

/// The version of the protocol that is spoken here.
const VERSION: &str = "1";

/// Alerts about a request.
const REFUSALS: [&str; 3] = [
    "Bad request",
    "Couldn't subscribe to invalid feed",
    "Failed to subscribe to authenticated feed",
];

/// One message with `event`.
pub(super) fn read(
    ticker: Channel,
    object: &Fields<'_, '_>,
    instruments: &Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    fields!(object, batch.drift, "event" => {
        "event" => event, "feed" => feed, "product_ids" => products, "message" => message,
        "version" => version,
    });
    let text = message.map(|item| item.text("message")).transpose()?;
    match need(event, "event")?.text("event")? {
        "subscribed" | "unsubscribed" => {
            let channel = channel(ticker, feed, batch)?;
            answers(channel, products, None, instruments, batch)
        }
        failed @ ("subscribed_failed" | "unsubscribed_failed") => {
            let channel = channel(ticker, feed, batch)?;
            let reason = Some(text.unwrap_or(failed));
            answers(channel, products, reason, instruments, batch)
        }
        "error" => refused(text.unwrap_or("error"), batch),
        "alert" => match text.unwrap_or("alert") {
            text if REFUSALS.contains(&text) => refused(text, batch),
            text => state(text, batch),
        },
        "info" => {
            let version = need(version, "version")?.text("version")?;
            if version != VERSION {
                batch.drift.unknown_value("event", "version", version);
            }
            batch.control(Control::Ignored);
            Ok(())
        }
        new => {
            batch.drift.unknown_value("event", "event", new);
            batch.control(Control::Ignored);
            Ok(())
        }
    }
}

fn channel(
    ticker: Channel,
    feed: Option<Item<'_, '_>>,
    batch: &mut Batch,
) -> Result<Option<Channel>, Reject> {
    let name = need(feed, "feed")?.text("feed")?;
    let channel = super::subscribe::of_feed(name, ticker);
    if channel.is_none() {
        batch.drift.unknown_value("event", "feed", name);
    }
    Ok(channel)
}

/// An answer for each product, or one for a feed that is nobody's product. What was never asked for
/// is ignored.
fn answers(
    channel: Option<Channel>,
    products: Option<Item<'_, '_>>,
    refused: Option<&str>,
    instruments: &Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let products = products.map(|list| list.array("product_ids")).transpose()?;
    let mut answer = |instrument: Option<InstrumentId>| {
        let key = channel.zip(instrument);
        batch.control(
            key.map_or(Control::Ignored, |(channel, instrument)| Control::Answer {
                request: None,
                stream: Some(StreamKey {
                    instrument,
                    channel,
                }),
                refused: refused.map(Into::into),
            }),
        );
    };
    match products {
        Some(products) if !products.is_empty() => {
            for product in products.iter() {
                answer(instruments.find(product.text("product_ids")?));
            }
        }
        _ => answer(Some(InstrumentId::NONE)),
    }
    Ok(())
}

fn refused(reason: &str, batch: &mut Batch) -> Result<(), Reject> {
    batch.control(Control::Answer {
        request: None,
        stream: None,
        refused: Some(reason.into()),
    });
    Ok(())
}

fn state(text: &str, batch: &mut Batch) -> Result<(), Reject> {
    batch.control(Control::VenueState(text.into()));
    Ok(())
}
