//! Kraken Spot, WebSocket v2.
//!
//! Facts, rules and their sources: `README.md` in this folder.

mod checksum;
mod decode;
mod subscribe;
#[cfg(test)]
mod tests;

use crate::batch::Batch;
use crate::book::Book;
use crate::instrument::Instruments;
use crate::json::Json;
use crate::record::{BookHead, Flags};
use crate::reject::Reject;
use crate::venue::{
    Ask, Cadence, Channel, Facts, Follow, Held, Numbering, Snapshots, Stream, StreamKey,
    StreamOptions, Venue, VenueId,
};

const SECOND: i64 = 1_000_000_000;

/// Book view where the configuration names none: the venue's own default.
const BOOK_DEPTH: u16 = 10;

/// The protocol of Kraken Spot v2.
#[derive(Debug)]
pub struct Kraken {
    book_depth: u16,
    json: Json,
}

/// Rules K1 to K4.
static SPOT: Facts = Facts {
    ws_url: "wss://ws.kraken.com",
    rest_url: "https://api.kraken.com",
    request_spacing: SECOND / 10,
    streams_per_request: 100,
    streams_per_line: 1000,
    name_chars_per_line: usize::MAX,
    ping_every: 30 * SECOND,
    silence_max: 10 * SECOND,
    connects_max: 150,
    connect_window: 600 * SECOND,
    snapshots: Snapshots::InBand,
    line_life: 0,
    rest_limit: (1, SECOND),
    answer_max: 10 * SECOND,
};

impl Venue for Kraken {
    fn new(_id: VenueId, options: StreamOptions) -> Self {
        let book_depth = if options.book_depth == 0 {
            BOOK_DEPTH
        } else {
            options.book_depth
        };
        Self {
            book_depth,
            json: Json::default(),
        }
    }

    fn facts(&self) -> &'static Facts {
        &SPOT
    }

    fn path(&self, _channel: Channel) -> &'static str {
        "/v2"
    }

    fn stream_name(&self, stream: Stream<'_>) -> String {
        format!(
            "{}:{}",
            subscribe::channel(stream.key.channel),
            stream.symbol
        )
    }

    fn request(&self, ask: Ask, number: u64, streams: &[Stream<'_>]) -> String {
        subscribe::request(self.book_depth, ask, number, streams)
    }

    /// One request names one channel.
    fn may_share(&self, first: StreamKey, second: StreamKey) -> bool {
        first.channel == second.channel
    }

    fn channels(&self) -> &'static [Channel] {
        &[Channel::TRADE, Channel::BBO, Channel::BOOK]
    }

    fn numbering(&self, channel: Channel) -> Numbering {
        match channel {
            Channel::TRADE => Numbering::Consecutive,
            _ => Numbering::None,
        }
    }

    fn cadence(&self, _channel: Channel) -> Cadence {
        Cadence::OnChange
    }

    fn ping(&self, number: u64) -> Option<String> {
        Some(format!(r#"{{"method":"ping","req_id":{number}}}"#))
    }

    fn decode(
        &mut self,
        frame: &[u8],
        instruments: &mut Instruments,
        batch: &mut Batch,
    ) -> Result<(), Reject> {
        let depth = self.book_depth;
        self.json.read(frame, |root| {
            decode::message(depth, &root.object("message")?, instruments, batch)
        })
    }

    /// Rule 5: updates are not numbered; the checksum is the only test.
    fn follow(&self, _held: Held, _update: &BookHead) -> Follow {
        Follow::Apply
    }

    fn verify(&self, book: &Book, update: &BookHead) -> Option<bool> {
        let sent = update.header.flags.contains(Flags::CHECKSUM);
        sent.then(|| checksum::of(book) == update.checksum)
    }
}
