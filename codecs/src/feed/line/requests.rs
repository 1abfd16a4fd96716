//! What a line asks: requests in flight, their answers, and the pace of our messages.

use super::{Line, Stage, named};
use crate::feed::outbox::{CloseReason, Intent, Outbox};
use crate::instrument::Instruments;
use crate::venue::{Ask, Channel, Stream, StreamKey, Venue};

#[derive(Clone, Debug)]
pub(super) struct Request {
    number: u64,
    ask: Ask,
    streams: Vec<StreamKey>,
    text: String,
    deadline: i64,
}

impl Line {
    /// Queues requests for `keys`, as few as the venue allows.
    pub(in crate::feed) fn ask<V: Venue>(
        &mut self,
        venue: &V,
        instruments: &Instruments,
        ask: Ask,
        keys: &[StreamKey],
    ) {
        for group in keys.chunk_by(|first, second| venue.may_share(*first, *second)) {
            for part in group.chunks(venue.limits(self.path).streams_per_request) {
                let streams: Vec<Stream<'_>> = part
                    .iter()
                    .map(|key| named(venue, *key, instruments))
                    .collect();
                self.queue(venue, ask, &streams);
            }
        }
    }

    pub(super) fn forget_requests(&mut self) {
        self.queue.clear();
        self.pending.clear();
        self.slots
            .iter_mut()
            .for_each(|slot| slot.stage = Stage::Wanted);
    }

    /// Whether a stream runs here and nothing else waits to be sent: the moment to ask for it anew.
    pub(in crate::feed) fn can_renew(&self, key: StreamKey) -> bool {
        let stage = self.slot(key).map(|slot| slot.stage);
        self.open
            && self.queue.is_empty()
            && matches!(stage, Some(Stage::Acknowledged | Stage::Live))
    }

    /// Gives a stream up and asks for it again.
    pub(in crate::feed) fn renew<V: Venue>(
        &mut self,
        venue: &V,
        stream: Stream<'_>,
        now: i64,
        out: &mut Outbox,
    ) {
        self.queue(venue, Ask::Unsubscribe, &[stream]);
        self.queue(venue, Ask::Subscribe, &[stream]);
        self.pump(now, out);
    }

    /// Queues a request; [`Line::pump`] sends it when the venue's pace allows.
    fn queue<V: Venue>(&mut self, venue: &V, ask: Ask, streams: &[Stream<'_>]) {
        let number = self.next_number;
        self.next_number += 1;
        self.queue.push_back(Request {
            number,
            ask,
            streams: streams.iter().map(|stream| stream.key).collect(),
            text: venue.request(ask, number, streams),
            deadline: venue.facts().answer_max,
        });
    }

    /// Sends the next request if the pace allows.
    pub(in crate::feed) fn pump(&mut self, now: i64, out: &mut Outbox) {
        if !self.open || now < self.next_send {
            return;
        }
        let Some(mut request) = self.queue.pop_front() else {
            return;
        };
        self.next_send = now + self.spacing;
        if request.ask == Ask::Subscribe {
            for key in &request.streams {
                self.advance(*key, Stage::Asked, now);
            }
        }
        out.push(Intent::Send {
            line: self.id,
            text: std::mem::take(&mut request.text),
        });
        request.deadline += now;
        self.pending.push(request);
    }

    /// Time passes: sends, pings, and gives the line up when an answer is overdue.
    pub(in crate::feed) fn tick<V: Venue>(&mut self, venue: &V, now: i64, out: &mut Outbox) {
        if !self.open {
            return;
        }
        self.ping(venue, now, out);
        self.pump(now, out);
        if self.pending.iter().any(|request| now >= request.deadline) {
            self.pending.clear();
            out.push(Intent::Close {
                line: self.id,
                reason: CloseReason::NoAnswer,
            });
        }
    }

    /// Pings if it is time and the pace allows.
    fn ping<V: Venue>(&mut self, venue: &V, now: i64, out: &mut Outbox) {
        let every = venue.facts().ping_every;
        if every == 0 || now < self.next_ping || now < self.next_send {
            return;
        }
        self.next_ping = now + every;
        if let Some(text) = venue.ping(self.next_number) {
            self.next_number += 1;
            self.next_send = now + self.spacing;
            out.push(Intent::Send {
                line: self.id,
                text,
            });
        }
    }

    /// An answer came; the streams it settles. A refused request of several streams is asked again
    /// stream by stream, so that one bad name does not take the others with it.
    pub(in crate::feed) fn answered<V: Venue>(
        &mut self,
        (number, stream): (Option<u64>, Option<StreamKey>),
        refused: bool,
        venue: &V,
        instruments: &Instruments,
        now: i64,
    ) -> Vec<StreamKey> {
        let Some(at) = self
            .pending
            .iter()
            .position(|request| request.matches(number, stream))
        else {
            return Vec::new();
        };
        let ask = self.pending[at].ask;
        let settled = self.pending[at].settle(stream);
        if self.pending[at].streams.is_empty() {
            self.pending.remove(at);
        }
        if ask == Ask::Unsubscribe {
            return Vec::new();
        }
        if refused && settled.len() > 1 {
            for key in settled {
                self.queue(venue, Ask::Subscribe, &[named(venue, key, instruments)]);
            }
            return Vec::new();
        }
        self.settled = now;
        let stage = if refused {
            Stage::Refused
        } else {
            Stage::Acknowledged
        };
        settled
            .iter()
            .for_each(|key| self.advance(*key, stage, now));
        settled
    }
}

impl Request {
    /// Takes out the streams that an answer about `named`, or about the whole request, settles.
    fn settle(&mut self, named: Option<StreamKey>) -> Vec<StreamKey> {
        match named {
            Some(named) => self
                .streams
                .extract_if(.., |key| names(named, *key))
                .collect(),
            None => std::mem::take(&mut self.streams),
        }
    }

    fn matches(&self, number: Option<u64>, stream: Option<StreamKey>) -> bool {
        match (number, stream) {
            (Some(number), None) => self.number == number,
            (None, None) => true,
            (number, Some(named)) => {
                number.is_none_or(|number| self.number == number)
                    && self.streams.iter().any(|key| names(named, *key))
            }
        }
    }
}

/// Whether an answer about `named` is about `key`: some venues name the instrument only.
fn names(named: StreamKey, key: StreamKey) -> bool {
    named.instrument == key.instrument
        && (named.channel == key.channel || named.channel == Channel::NONE)
}
