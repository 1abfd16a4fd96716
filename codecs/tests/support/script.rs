//! What a venue sends, written from its documentation: the fixture that a new venue adds.

use feedd_codecs::venue::Channel;
use feedd_codecs::{Venue, VenueId};

use super::truth::{Change, Dice, Truth, View};

/// One of our requests, as the venue reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// Subscribe, unsubscribe or ping.
    pub(crate) ask: Asked,
    /// Our number.
    pub(crate) number: u64,
    /// The streams, with the symbol in the spelling of data messages.
    pub(crate) streams: Vec<(String, Channel)>,
    /// Characters of all stream names with their quotes and commas.
    pub(crate) name_chars: usize,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To start streams.
    Subscribe,
    /// To stop streams.
    Unsubscribe,
    /// A sign of life.
    Ping,
}

/// A fill to be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fill {
    /// The venue's number.
    pub(crate) id: u64,
    /// Price mantissa.
    pub(crate) px: i64,
    /// Quantity mantissa.
    pub(crate) qty: i64,
    /// Whether the taker bought.
    pub(crate) taker_bought: bool,
}

/// The venue's side of the conversation.
pub(crate) trait Script {
    /// The code under test.
    type V: Venue;
    /// Which venue.
    const ID: VenueId;
    /// Three instruments.
    const SYMBOLS: [&'static str; 3];
    /// Fraction digits of prices and quantities.
    const PLACES: (u32, u32);
    /// The channel that carries trades.
    const TRADES: Channel;
    /// How the book stream shows the book.
    const VIEW: View;
    /// Whether one stream that does not exist fails its whole request.
    const REFUSES_WHOLE_REQUESTS: bool;
    /// Whether book updates are numbered, so that repetitions and holes show at once.
    const NUMBERED: bool;

    /// Reads one of our requests.
    fn read(text: &str) -> Request;

    /// The answers to a request of which the streams in `refused` do not exist.
    fn answers(request: &Request, refused: &[(String, Channel)]) -> Vec<String>;

    /// The reference data: a REST body, or the frame that follows its subscription.
    fn reference(truths: &[Truth]) -> String;

    /// What the stream tells of changed listings, those that are gone included, where reference data
    /// comes in the stream.
    fn news(_changed: &[Truth]) -> Option<String> {
        None
    }

    /// The venue's announcement that its listings changed, where it has one.
    fn announcement() -> Option<&'static str> {
        None
    }

    /// A page of the turnovers, where the venue tells them by REST.
    fn volumes(truths: &[Truth], page: u32) -> Option<String>;

    /// The whole book: a REST body, or the frame that follows a book subscription.
    fn snapshot(truth: &Truth) -> String;

    /// The REST body that an audit compares a book with, where REST has one.
    fn audit(truth: &Truth) -> String {
        Self::snapshot(truth)
    }

    /// A change of the book that `truth` already has.
    fn delta(truth: &Truth, change: &Change) -> String;

    /// One random event near the best prices, as large as the venue tells them.
    fn step(truth: &mut Truth, dice: &mut Dice) -> Change {
        truth.step(dice)
    }

    /// A trade.
    fn trade(truth: &Truth, fill: Fill) -> String;

    /// The best bid and offer.
    fn bbo(truth: &Truth) -> String;

    /// A REST body of past trades, oldest first, with the venue's stamp of each in ms.
    fn history(truth: &Truth, fills: &[(Fill, u64)]) -> String;

    /// What a subscription tells of past trades, oldest first with the venue's stamp of each in ms,
    /// where it does.
    fn past(_truth: &Truth, _fills: &[(Fill, u64)]) -> Option<String> {
        None
    }

    /// The book order by order, one order a level, or a change of it that `truth` already has, where the
    /// venue tells one.
    fn orders(_truth: &Truth, _change: Option<&Change>) -> Option<String> {
        None
    }

    /// The venue's announcement that it will close the line, where it has one.
    fn shutdown() -> Option<&'static str> {
        None
    }
}

/// `[[px,qty],…]` with quoted numbers.
pub(crate) fn quoted_pairs(truth: &Truth, levels: &[(i64, i64)]) -> String {
    let pairs: Vec<String> = levels
        .iter()
        .map(|(px, qty)| format!(r#"["{}","{}"]"#, truth.px(*px), truth.qty(*qty)))
        .collect();
    format!("[{}]", pairs.join(","))
}

/// A request as a JSON value: control messages hold no prices.
pub(crate) fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// The strings of a JSON array.
pub(crate) fn strings(value: &serde_json::Value) -> Vec<String> {
    let texts = value.as_array().into_iter().flatten();
    texts
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

/// Characters of names in a JSON array, with quotes and commas.
pub(crate) fn chars_of(names: &[String]) -> usize {
    names.iter().map(|name| name.len() + 3).sum()
}
