//! Answers to requests.

use crate::batch::{Batch, Control, Drift};
use crate::instrument::{InstrumentId, Instruments};
use crate::json::Fields;
use crate::reject::Reject;
use crate::venue::{Channel, StreamKey};

/// `{"method":…,"req_id":…,"success":…,"result":{…}}`, or `error` and `symbol` at the top level.
pub(super) fn read(
    ticker: Channel,
    object: &Fields<'_, '_>,
    instruments: &Instruments,
    batch: &mut Batch,
) -> Result<(), Reject> {
    let object = object.distinct()?;
    let error = object.get("error").or_else(|| object.get("Error"));
    let reason = error.map(|error| error.text("error")).transpose()?;
    let method = object
        .get("method")
        .map(|method| method.text("method"))
        .transpose()?;
    let success = object.get("success");
    let success = success.map(|flag| flag.boolean("success")).transpose()?;
    let reason = reason.or((success == Some(false)).then_some(""));
    match (method, reason) {
        (Some("pong"), None) => batch.control(Control::Heartbeat),
        (Some("subscribe" | "unsubscribe"), _) => {
            let request = object
                .get("req_id")
                .filter(|id| !id.is_null())
                .map(|id| id.unsigned("req_id"))
                .transpose()?;
            let stream = stream(ticker, &object, instruments, &mut batch.drift)?;
            batch.control(Control::Answer {
                request,
                stream,
                refused: reason.map(Into::into),
            });
        }
        (_, Some(reason)) => batch.control(Control::VenueState(reason.into())),
        _ => return Err(Reject::UnknownShape),
    }
    Ok(())
}

/// The one stream that an answer is about. A refusal names the symbol but not the channel.
fn stream(
    ticker: Channel,
    object: &Fields<'_, '_>,
    instruments: &Instruments,
    drift: &mut Drift,
) -> Result<Option<StreamKey>, Reject> {
    let result = object
        .get("result")
        .map(|result| result.object("result")?.distinct())
        .transpose()?;
    let named = result.as_ref().unwrap_or(object);
    warnings(named, drift)?;
    let channel = match named.get("channel") {
        Some(name) => {
            let interval = named.get("interval");
            let interval = interval.map(|item| item.unsigned("interval")).transpose()?;
            super::subscribe::of_name(name.text("channel")?, interval, ticker)
        }
        None => Some(Channel::NONE),
    };
    let instrument = match named.get("symbol") {
        Some(symbol) => instruments.find(symbol.text("symbol")?),
        None => Some(InstrumentId::NONE),
    };
    let key = channel
        .zip(instrument)
        .map(|(channel, instrument)| StreamKey {
            instrument,
            channel,
        });
    // Without a symbol it is about the whole request, but for the one channel that has none.
    Ok(key.filter(|key| key.instrument != InstrumentId::NONE || key.channel == Channel::REFERENCE))
}

/// Rule K6: the venue announces here what it will change.
fn warnings(named: &Fields<'_, '_>, drift: &mut Drift) -> Result<(), Reject> {
    let Some(warnings) = named.get("warnings").filter(|item| !item.is_null()) else {
        return Ok(());
    };
    for warning in warnings.array("warnings")?.iter() {
        drift.unknown_value("answer", "warning", warning.text("warnings")?);
    }
    Ok(())
}
