//! What happens on the market of a [`Net`], and who is told.

use feedd_codecs::venue::Channel;

use super::{Link, Net, Told};
use crate::support::script::{Fill, Script};

impl<S: Script> Net<S> {
    /// A trade of an instrument; its number.
    pub(crate) fn trade(&mut self, at: usize) -> u64 {
        let (fill, text) = self.next_trade(at);
        self.tell(at, S::TRADES, fill.id, &text);
        fill.id
    }

    /// A trade that the venue knows of and has told nobody yet.
    pub(crate) fn next_trade(&mut self, at: usize) -> (Fill, String) {
        let id = 1_001 + self.fills[at].len() as u64;
        let mut shown = self.truths[at].clone();
        shown.time_ms = self.time_ms().max(shown.time_ms);
        let fill = Fill {
            id,
            px: shown.asks()[0].0,
            qty: id.try_into().unwrap(),
            taker_bought: id.is_multiple_of(2),
        };
        self.fills[at].push((fill, shown.time_ms));
        (fill, S::trade(&shown, fill))
    }

    /// A change of an instrument's book, and its best prices.
    pub(crate) fn book(&mut self, at: usize) {
        let text = self.next_delta(at);
        let key = self.book_key(at);
        self.tell(at, Channel::BOOK, key, &text);
        let (key, text) = self.next_bbo(at);
        self.tell(at, Channel::BBO, key, &text);
    }

    /// A change of an instrument's book that nobody was told of yet.
    pub(crate) fn next_delta(&mut self, at: usize) -> String {
        let now = self.time_ms();
        let (truth, dice) = (&mut self.truths[at], &mut self.dice);
        truth.time_ms = truth.time_ms.max(now);
        let change = S::step(truth, dice);
        S::delta(truth, &change)
    }

    /// The best prices of an instrument, with a bid quantity of their own.
    pub(crate) fn next_bbo(&mut self, at: usize) -> (u64, String) {
        self.events += 1;
        let key = 1_000_000 + self.events;
        (key, self.bbo_of(at, key))
    }

    /// The best prices of an instrument with that bid quantity.
    pub(crate) fn bbo_of(&self, at: usize, key: u64) -> String {
        let mut shown = self.truths[at].clone();
        let best = shown.bids()[0].0;
        shown.set_bid(best, key.try_into().unwrap());
        S::bbo(&shown)
    }

    /// What names the last change of an instrument's book.
    pub(crate) fn book_key(&self, at: usize) -> u64 {
        let truth = &self.truths[at];
        if S::NUMBERED {
            truth.numbers.last
        } else {
            truth.time_ms
        }
    }

    /// The venue tells a message to every connection that asked for its stream.
    pub(crate) fn tell(&mut self, at: usize, channel: Channel, key: u64, text: &str) {
        let stream = (self.truths[at].symbol.clone(), channel.0);
        let wants = |link: &Link| link.open && link.streams.contains(&stream);
        let links: Vec<u16> = (self.links.iter())
            .filter(|(_, link)| wants(link))
            .map(|(id, _)| *id)
            .collect();
        let entry = self.told.len();
        let mut copies = 0;
        for id in links {
            let way = &self.ways[self.links[&id].replica];
            let (mute, loss) = (way.mute.contains(&(at, channel.0)), way.loss);
            copies += u8::from(!mute);
            if !mute && self.dice.below(10_000).cast_unsigned() >= loss {
                self.send_down(id, text.to_owned(), Some(entry));
            }
        }
        self.told.push(Told {
            at,
            channel,
            key,
            time_ms: self.time_ms(),
            copies,
            arrived: 0,
        });
    }

    /// The venue says something on every connection.
    pub(crate) fn announce(&mut self, text: &str) {
        let links: Vec<u16> = self.links.keys().copied().collect();
        for id in links {
            self.send_down(id, text.to_owned(), None);
        }
    }
}
