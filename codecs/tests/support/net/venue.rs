//! The venue's side of a [`Net`]: connections, delays, answers.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use feedd_codecs::Venue;
use feedd_codecs::feed::{Fetch, Intent, Want};
use feedd_codecs::venue::{Channel, Snapshots};

use super::{Event, Link, MS, Net};
use crate::support::script::{Asked, Script};

/// Trades that a REST answer holds.
const HISTORY: usize = 60;

impl<S: Script> Net<S> {
    pub(super) fn execute(&mut self, intent: Intent) {
        match intent {
            Intent::Connect { line, replica, .. } => {
                let link = Link {
                    replica: usize::from(replica),
                    born: self.events,
                    open: false,
                    streams: BTreeSet::new(),
                    last: 0,
                    last_up: 0,
                };
                let born = link.born;
                assert!(
                    self.links.insert(line, link).is_none(),
                    "line {line} exists"
                );
                self.later(40, Event::Connect(line, born));
            }
            Intent::Send { line, text } => {
                let delay = self.delay_of(line);
                let now = self.now;
                let link = self.links.get_mut(&line).unwrap();
                link.last_up = link.last_up.max(now + delay);
                let (at, born) = (link.last_up, link.born);
                self.at(at, Event::Request(line, born, text));
            }
            Intent::Retire { line } => {
                assert!(self.links.remove(&line).is_some(), "no line {line}");
            }
            Intent::Close { line, reason } => self.cut(line, reason.text()),
            Intent::Fetch(Fetch { want, .. }) => self.later(20, Event::Serve(want)),
        }
    }

    pub(super) fn happen(&mut self, event: Event) {
        match event {
            Event::Connect(line, born) if self.is_current(line, born) => {
                let link = self.links.get_mut(&line).unwrap();
                if self.ways[link.replica].connects {
                    link.open = true;
                    self.call(line, |feed, meta, out, sink| feed.on_open(meta, out, sink));
                } else {
                    self.later(1_000, Event::Connect(line, born));
                }
            }
            Event::Request(line, born, text) if self.is_current(line, born) => {
                self.answer(line, &text);
            }
            Event::Frame(line, born, text, entry) if self.is_current(line, born) => {
                if let Some(entry) = entry.and_then(|entry| self.told.get_mut(entry)) {
                    entry.arrived += 1;
                }
                self.frame(line, &text);
            }
            Event::Connect(..) | Event::Request(..) | Event::Frame(..) => {}
            Event::Serve(want) => {
                let body = self.body(want);
                self.later(20, Event::Body(want, body));
            }
            Event::Body(want, body) => {
                self.call(u16::MAX, |feed, meta, out, sink| match body {
                    Some(body) => feed
                        .on_body(want, body.as_bytes(), meta, out, sink)
                        .unwrap(),
                    None => feed.on_fetch_failed(want, meta, sink),
                });
            }
        }
    }

    fn body(&self, want: Want) -> Option<String> {
        match want {
            Want::Reference { .. } => Some(S::reference(&self.truths)),
            Want::Snapshot { instrument, .. } => {
                Some(S::snapshot(&self.truths[instrument.index()]))
            }
            Want::Audit { instrument, .. } => Some(S::audit(&self.truths[instrument.index()])),
            Want::Trades { instrument, .. } if self.remembers => {
                let fills = &self.fills[instrument.index()];
                let last = fills.len().saturating_sub(HISTORY);
                Some(S::history(&self.truths[instrument.index()], &fills[last..]))
            }
            Want::Trades { .. } | Want::Volumes { .. } => None,
        }
    }

    fn answer(&mut self, line: u16, text: &str) {
        let request = S::read(text);
        for answer in S::answers(&request, &[]) {
            self.send_down(line, answer, None);
        }
        for (symbol, channel) in request.streams {
            let link = self.links.get_mut(&line).unwrap();
            if request.ask != Asked::Subscribe {
                link.streams.remove(&(symbol, channel.0));
                continue;
            }
            link.streams.insert((symbol.clone(), channel.0));
            let mute = &self.ways[link.replica].mute;
            let in_band = matches!(self.feed.facts().snapshots, Snapshots::InBand);
            let at = self.truths.iter().position(|truth| truth.symbol == symbol);
            let in_stream = self.feed.venue().reference_query(None).is_none();
            match (channel, at) {
                (Channel::REFERENCE, _) if in_stream => {
                    let text = S::reference(&self.truths);
                    self.send_down(line, text, None);
                }
                (Channel::BOOK, Some(at)) if in_band && !mute.contains(&(at, channel.0)) => {
                    let text = S::snapshot(&self.truths[at]);
                    self.send_down(line, text, None);
                }
                _ => {}
            }
        }
    }

    pub(super) fn send_down(&mut self, line: u16, text: String, entry: Option<usize>) {
        let delay = self.delay_of(line);
        let now = self.now;
        let Some(link) = self.links.get_mut(&line) else {
            return;
        };
        link.last = link.last.max(now + delay);
        let (at, born) = (link.last, link.born);
        self.at(at, Event::Frame(line, born, text, entry));
    }

    fn delay_of(&mut self, line: u16) -> i64 {
        let Some(link) = self.links.get(&line) else {
            return 0;
        };
        let (least, most) = self.ways[link.replica].delay;
        let more = self.dice.below((most - least) * 1_000 + 1);
        (least.cast_signed() * 1_000 + more) * 1_000
    }

    fn is_current(&self, line: u16, born: u64) -> bool {
        self.links.get(&line).is_some_and(|link| link.born == born)
    }

    pub(super) fn later(&mut self, ms: i64, event: Event) {
        self.at(self.now + ms * MS, event);
    }

    fn at(&mut self, at: i64, event: Event) {
        self.events += 1;
        self.queue.push(Reverse((at, self.events, event)));
    }
}
