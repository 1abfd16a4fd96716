//! The venue's side of a [`Rig`]: its messages, and how it executes intents and answers requests.

use feedd_codecs::Reject;
use feedd_codecs::feed::{Fetch, Intent, Want};
use feedd_codecs::venue::{Channel, Snapshots};

use super::{Rig, Sent};
use crate::support::script::{Asked, Fill, Request, Script};
use crate::support::truth::Truth;

impl<S: Script> Rig<S> {
    /// Brings an instrument's snapshot the way the venue does.
    pub(crate) fn snapshot(&mut self, at: usize) -> Result<(), Reject> {
        let text = S::snapshot(&self.truths[at]);
        if self.by_rest() {
            self.body(at, &text)
        } else {
            self.book_frame(at, &text)
        }
    }

    pub(crate) fn by_rest(&self) -> bool {
        matches!(self.feed.facts().snapshots, Snapshots::Rest { .. })
    }

    /// The text of a trade or BBO of an instrument.
    pub(crate) fn data_text(&mut self, at: usize, channel: Channel) -> String {
        let truth = &mut self.truths[at];
        if channel != Channel::BBO {
            truth.trades += 1;
        }
        truth.told += 1;
        truth.time_ms += 1;
        let truth = &self.truths[at];
        let fill = Fill {
            id: 700 + truth.trades,
            px: truth.asks()[0].0,
            qty: 1_234,
            taker_bought: true,
        };
        match channel {
            Channel::BBO => S::bbo(truth),
            _ => S::trade(truth, fill),
        }
    }

    /// Changes the best bid and ask in turn: the frame that tells it.
    pub(crate) fn touch(&mut self, at: usize) -> String {
        let truth = &mut self.truths[at];
        let qty = 2_000 + i64::try_from(truth.time_ms % 997).unwrap();
        let change = if truth.time_ms.is_multiple_of(2) {
            truth.touch_bid(0, qty)
        } else {
            truth.touch_ask(0, qty)
        };
        S::delta(truth, &change)
    }

    /// Executes intents and delivers answers until nothing is left of either.
    pub(super) fn settle(&mut self) {
        if std::mem::replace(&mut self.settling, true) {
            return;
        }
        loop {
            // What an intent brings about comes before the intents behind it.
            let fresh: Vec<Intent> = self.out.drain().collect();
            fresh
                .into_iter()
                .rev()
                .for_each(|intent| self.todo.push_front(intent));
            if let Some(intent) = self.todo.pop_front() {
                self.intents.push(format!("{} {intent:?}", self.now));
                self.execute(intent);
                continue;
            }
            if let Some((line, text)) = self.coming.pop_front() {
                self.frame(line, &text)
                    .unwrap_or_else(|reject| panic!("{reject} in {text}"));
            } else {
                break;
            }
        }
        self.settling = false;
    }

    fn execute(&mut self, intent: Intent) {
        match intent {
            Intent::Connect { line, .. } => self.open(line),
            Intent::Send { line, text } => {
                let request = S::read(&text);
                self.sent.push(Sent {
                    at: self.now,
                    line,
                    text,
                });
                if self.answering {
                    self.reply(line, &request);
                }
            }
            Intent::Fetch(Fetch {
                want: Want::Reference { .. },
                ..
            }) => {
                self.references += 1;
                let want = Want::Reference { page: 0 };
                if self.unlisted {
                    assert!(self.answer(want, "<html>503</html>").is_err());
                } else {
                    let body = self.reference();
                    self.answer(want, &body).unwrap();
                }
            }
            Intent::Fetch(Fetch {
                want: Want::Volumes { page },
                ..
            }) => {
                let mut traded = self.listed();
                traded.retain(|_| !self.untraded);
                let body = S::volumes(&traded, page).unwrap();
                self.answer(Want::Volumes { page }, &body).unwrap();
            }
            Intent::Fetch(Fetch {
                want: Want::Snapshot { instrument, .. },
                ..
            }) => {
                self.asked.push(instrument);
                if self.serving {
                    self.snapshot(instrument.index()).unwrap();
                }
            }
            Intent::Fetch(fetch) => self.fetched.push(fetch),
            Intent::Retire { line } => self.retired.push(line),
            Intent::Close { line, reason } => self.closed.push((line, reason)),
        }
    }

    /// What the venue lists.
    fn listed(&self) -> Vec<Truth> {
        let listed = |truth: &&Truth| !truth.gone && !self.blank;
        self.truths.iter().filter(listed).cloned().collect()
    }

    /// The venue's reference data as it is now.
    pub(crate) fn reference(&self) -> String {
        S::reference(&self.listed())
    }

    fn reply(&mut self, line: u16, request: &Request) {
        let listings = self.reference();
        let mut say = |text: String| self.coming.push_back((line, text));
        S::answers(request, &self.refused)
            .into_iter()
            .for_each(&mut say);
        if request.ask != Asked::Subscribe {
            return;
        }
        let whole_refused = request.streams.len() > 1
            && request
                .streams
                .iter()
                .any(|stream| self.refused.contains(stream));
        for stream in &request.streams {
            let (symbol, channel) = stream;
            let book = self.truths.iter().find(|truth| truth.symbol == *symbol);
            match (*channel, book) {
                _ if self.refused.contains(stream) => {}
                // Beside REST, the stream only says that something changed.
                (Channel::REFERENCE, _) if self.references > 0 => {}
                (Channel::REFERENCE, _) => say(listings.clone()),
                (Channel::BOOK, Some(truth)) => {
                    let in_band = matches!(self.feed.facts().snapshots, Snapshots::InBand);
                    if in_band && self.serving && !(whole_refused && S::REFUSES_WHOLE_REQUESTS) {
                        say(S::snapshot(truth));
                    }
                }
                (Channel::ORDERS, Some(truth)) if self.serving => {
                    S::orders(truth, None).into_iter().for_each(&mut say);
                }
                _ => {}
            }
        }
    }
}
