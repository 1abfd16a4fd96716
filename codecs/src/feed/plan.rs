//! Which streams run on which lines: within the venue's limits, each on as many lines as configured.

use std::collections::HashSet;

use super::line::{Line, named};
use super::{Feed, Intent, Meta, Outbox};
use crate::instrument::InstrumentId;
use crate::venue::{Ask, Channel, StreamKey, Venue};

impl<V: Venue> Feed<V> {
    /// The streams that the feed should have now: those of the venue, those of the whole market,
    /// those of each instrument.
    pub(super) fn wanted_streams(&self) -> Vec<StreamKey> {
        let of_venue = |channel| StreamKey {
            instrument: InstrumentId::NONE,
            channel,
        };
        let in_stream = self.venue.reference_query(None).is_none();
        let reference = in_stream || self.venue.whole_market(Channel::REFERENCE);
        let mut keys: Vec<StreamKey> = reference
            .then(|| of_venue(Channel::REFERENCE))
            .into_iter()
            .collect();
        keys.extend(self.options.whole_market.iter().copied().map(of_venue));
        for &channel in &self.options.channels {
            if channel == Channel::REFERENCE {
                continue;
            }
            if channel == Channel::STATUS {
                if self.venue.whole_market(channel) {
                    keys.push(of_venue(channel));
                }
                continue;
            }
            keys.extend(self.picked.list().iter().map(|&instrument| StreamKey {
                instrument,
                channel,
            }));
        }
        keys
    }

    /// Brings the lines to what is wanted: new streams are subscribed, on lines with room or on new
    /// ones; streams that are no longer wanted are given up.
    pub(super) fn arrange(&mut self, now: i64, out: &mut Outbox) {
        let wanted = self.wanted_streams();
        self.drop_unwanted(&wanted, now, out);
        for replica in 0..self.options.lines.max(1) {
            let mut added: Vec<(u16, Vec<StreamKey>)> = Vec::new();
            for &key in &wanted {
                let Some(line) = self.seat(replica, key, now, out) else {
                    continue;
                };
                match added.iter_mut().find(|(id, _)| *id == line) {
                    Some((_, keys)) => keys.push(key),
                    None => added.push((line, vec![key])),
                }
            }
            for (id, keys) in added {
                let Some(line) = self.lines.iter_mut().find(|line| line.id() == id) else {
                    continue;
                };
                if line.is_open() {
                    line.ask(&self.venue, &self.instruments, Ask::Subscribe, &keys);
                    line.pump(now, out);
                }
            }
        }
    }

    /// Finds a line of the replica for a stream that has none; the line, if it was added there.
    fn seat(&mut self, replica: u8, key: StreamKey, now: i64, out: &mut Outbox) -> Option<u16> {
        let carrier = StreamKey {
            channel: self.venue.carrier(key.channel),
            ..key
        };
        if carrier.channel == Channel::NONE {
            return None;
        }
        let mine = |line: &Line| line.replica() == replica && line.successor.is_none();
        let seated = |line: &Line| mine(line) && line.slot(key).is_some();
        if self.lines.iter().any(seated) {
            return None;
        }
        // Streams that come under one name are one stream.
        let name = self
            .venue
            .stream_name(named(&self.venue, carrier, &self.instruments));
        let mut homes = self.lines.iter().enumerate().filter(|(_, line)| mine(line));
        if let Some((at, first)) = homes.find_map(|(at, line)| Some((at, line.under(&name)?))) {
            self.lines[at].alias(first, key);
            return None;
        }
        let path = self.venue.path(carrier.channel);
        let room = self.lines.iter().position(|line| {
            mine(line) && line.path() == path && line.has_room(&self.venue, &name)
        });
        let at = match room {
            Some(at) => at,
            None => self.open_line(replica, path, now, out)?,
        };
        self.lines[at].add(carrier, name);
        if carrier != key {
            self.lines[at].alias(carrier, key);
        }
        Some(self.lines[at].id())
    }

    fn open_line(
        &mut self,
        replica: u8,
        path: &'static str,
        now: i64,
        out: &mut Outbox,
    ) -> Option<usize> {
        let id = self.free_line()?;
        let spacing = self.venue.limits(path).request_spacing;
        self.lines.push(Line::new(id, replica, path, spacing, now));
        out.push(Intent::Connect {
            line: id,
            replica,
            path: path.to_owned(),
        });
        Some(self.lines.len() - 1)
    }

    /// The lowest number that no line bears.
    pub(super) fn free_line(&self) -> Option<u16> {
        let taken = |id: &u16| self.lines.iter().any(|line| line.id() == *id);
        (self.options.first_line..u16::MAX).find(|id| !taken(id))
    }

    fn drop_unwanted(&mut self, wanted: &[StreamKey], now: i64, out: &mut Outbox) {
        let keep: HashSet<StreamKey> = wanted.iter().copied().collect();
        for line in &mut self.lines {
            let gone = line.without(&keep);
            if gone.is_empty() {
                continue;
            }
            if line.is_open() {
                line.ask(&self.venue, &self.instruments, Ask::Unsubscribe, &gone);
                line.pump(now, out);
            }
            line.remove(&gone);
        }
        let empty = |line: &mut Line| line.slots().is_empty();
        for line in self.lines.extract_if(.., empty) {
            out.push(Intent::Retire { line: line.id() });
        }
    }

    /// Whether any line but `except` delivers a stream.
    pub(super) fn is_covered(&self, key: StreamKey, except: u16) -> bool {
        self.lines
            .iter()
            .any(|line| line.id() != except && line.covers(key))
    }

    /// The stamps of a record about `line`.
    pub(super) const fn about(line: u16, meta: Meta) -> Meta {
        Meta { line, ..meta }
    }
}
