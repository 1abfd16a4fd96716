//! One line: its streams, the requests in flight and the pace of our messages.

use std::collections::{HashMap, VecDeque};

use super::FeedOptions;
use super::outbox::{CloseReason, Intent, Outbox};
use crate::instrument::{InstrumentId, Instruments};
use crate::venue::{Ask, Channel, Stream, StreamKey, Venue};

/// How far a stream's subscription is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Not asked for on this connection.
    Wanted,
    /// Asked for, no answer yet.
    Asked,
    /// The venue said yes. That is no proof that data will come.
    Acknowledged,
    /// Data came.
    Live,
    /// The venue said no.
    Refused,
}

/// One connection's worth of streams.
#[derive(Debug)]
pub struct Line {
    id: u16,
    path: &'static str,
    streams: Vec<(StreamKey, Stage)>,
    places: HashMap<StreamKey, usize, foldhash::fast::FixedState>,
    spacing: i64,
    queue: VecDeque<Request>,
    pending: Vec<Request>,
    open: bool,
    next_send: i64,
    next_ping: i64,
    next_number: u64,
}

#[derive(Clone, Debug)]
struct Request {
    number: u64,
    ask: Ask,
    streams: Vec<StreamKey>,
    text: String,
    deadline: i64,
}

/// Distributes the feed's streams over lines: one path a line, within the venue's limits.
pub(super) fn plan<V: Venue>(
    venue: &V,
    instruments: &Instruments,
    subscribed: &[InstrumentId],
    options: &FeedOptions,
) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut name_chars: Vec<usize> = Vec::new();
    let facts = venue.facts();
    for stream in wanted(venue, instruments, subscribed, options) {
        let path = venue.path(stream.key.channel);
        // Its quotes and the comma count.
        let chars = venue.stream_name(stream).len() + 3;
        let room = lines.iter().zip(&name_chars).position(|(line, held)| {
            line.path == path
                && line.streams.len() < facts.streams_per_line
                && held + chars <= facts.name_chars_per_line
        });
        let at = room.unwrap_or_else(|| {
            let id = options.first_line + u16::try_from(lines.len()).unwrap_or(u16::MAX);
            lines.push(Line::new(id, path, facts.request_spacing));
            name_chars.push(0);
            lines.len() - 1
        });
        lines[at].add(stream.key);
        name_chars[at] += chars;
    }
    lines
}

fn wanted<'a, V: Venue>(
    venue: &V,
    instruments: &'a Instruments,
    subscribed: &'a [InstrumentId],
    options: &'a FeedOptions,
) -> impl Iterator<Item = Stream<'a>> {
    let reference = StreamKey {
        instrument: InstrumentId::NONE,
        channel: Channel::REFERENCE,
    };
    let reference = venue.reference_query(None).is_none().then_some(Stream {
        key: reference,
        symbol: "",
    });
    let data = options.channels.iter().flat_map(move |&channel| {
        subscribed.iter().map(move |&instrument| {
            named(
                StreamKey {
                    instrument,
                    channel,
                },
                instruments,
            )
        })
    });
    reference.into_iter().chain(data)
}

impl Line {
    fn new(id: u16, path: &'static str, spacing: i64) -> Self {
        Self {
            id,
            path,
            streams: Vec::new(),
            places: HashMap::default(),
            spacing,
            queue: VecDeque::new(),
            pending: Vec::new(),
            open: false,
            next_send: 0,
            next_ping: 0,
            next_number: 1,
        }
    }

    fn add(&mut self, key: StreamKey) {
        self.places.insert(key, self.streams.len());
        self.streams.push((key, Stage::Wanted));
    }

    fn stage_mut(&mut self, key: StreamKey) -> Option<&mut Stage> {
        self.places.get(&key).map(|at| &mut self.streams[*at].1)
    }

    /// The line's number, the same for as long as the feed lives.
    #[must_use]
    pub const fn id(&self) -> u16 {
        self.id
    }

    /// Its path below the venue's WebSocket URL.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Whether it is connected.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// Its streams and how far each subscription is.
    #[must_use]
    pub fn streams(&self) -> &[(StreamKey, Stage)] {
        &self.streams
    }

    pub(super) fn live_streams(&self) -> Vec<StreamKey> {
        self.streams
            .iter()
            .filter(|(_, stage)| *stage == Stage::Live)
            .map(|(key, _)| *key)
            .collect()
    }

    /// Connected: queues the subscription of every stream.
    pub(super) fn open<V: Venue>(&mut self, venue: &V, instruments: &Instruments, now: i64) {
        self.forget_requests();
        self.open = true;
        self.next_send = now;
        self.next_ping = now + venue.facts().ping_every;
        let keys: Vec<StreamKey> = self.streams.iter().map(|(key, _)| *key).collect();
        for group in keys.chunk_by(|first, second| venue.may_share(*first, *second)) {
            for part in group.chunks(venue.facts().streams_per_request) {
                let streams: Vec<Stream<'_>> =
                    part.iter().map(|key| named(*key, instruments)).collect();
                self.queue(venue, Ask::Subscribe, &streams);
            }
        }
    }

    /// Disconnected: the streams that had data.
    pub(super) fn close(&mut self) -> Vec<StreamKey> {
        let live = self.live_streams();
        self.forget_requests();
        self.open = false;
        live
    }

    fn forget_requests(&mut self) {
        self.queue.clear();
        self.pending.clear();
        self.streams
            .iter_mut()
            .for_each(|(_, stage)| *stage = Stage::Wanted);
    }

    /// Whether a stream runs here and nothing else waits to be sent: the moment to ask for it anew.
    pub(super) fn can_renew(&self, key: StreamKey) -> bool {
        let stage = self.places.get(&key).map(|at| self.streams[*at].1);
        self.open
            && self.queue.is_empty()
            && matches!(stage, Some(Stage::Acknowledged | Stage::Live))
    }

    /// Queues a request; [`Line::pump`] sends it when the venue's pace allows.
    pub(super) fn queue<V: Venue>(&mut self, venue: &V, ask: Ask, streams: &[Stream<'_>]) {
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
    pub(super) fn pump(&mut self, now: i64, out: &mut Outbox) {
        if !self.open || now < self.next_send {
            return;
        }
        let Some(mut request) = self.queue.pop_front() else {
            return;
        };
        self.next_send = now + self.spacing;
        if request.ask == Ask::Subscribe {
            for key in &request.streams {
                self.advance(*key, Stage::Asked);
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
    pub(super) fn tick<V: Venue>(&mut self, venue: &V, now: i64, out: &mut Outbox) {
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
    pub(super) fn answered<V: Venue>(
        &mut self,
        number: Option<u64>,
        stream: Option<StreamKey>,
        refused: Option<&str>,
        venue: &V,
        instruments: &Instruments,
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
        if refused.is_some() && settled.len() > 1 {
            for key in settled {
                self.queue(venue, Ask::Subscribe, &[named(key, instruments)]);
            }
            return Vec::new();
        }
        let stage = if refused.is_some() {
            Stage::Refused
        } else {
            Stage::Acknowledged
        };
        settled.iter().for_each(|key| self.advance(*key, stage));
        settled
    }

    /// Data of a stream came.
    #[inline]
    pub(super) fn data_came(&mut self, key: StreamKey) {
        if let Some(stage) = self.stage_mut(key) {
            *stage = Stage::Live;
        }
    }

    /// Moves a stream's stage; an answer that comes after data does not take it back.
    fn advance(&mut self, key: StreamKey, stage: Stage) {
        if let Some(held) = self.stage_mut(key)
            && (*held != Stage::Live || stage == Stage::Refused)
        {
            *held = stage;
        }
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

fn named(key: StreamKey, instruments: &Instruments) -> Stream<'_> {
    let symbol = if key.instrument == InstrumentId::NONE {
        ""
    } else {
        &instruments.get(key.instrument).symbol
    };
    Stream { key, symbol }
}
