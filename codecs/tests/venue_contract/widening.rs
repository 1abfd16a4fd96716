//! Redundant lines while the numbers of an instrument become finer.

use feedd_codecs::record::Kind;
use feedd_codecs::venue::Channel;

use super::lines::of_kind;
use crate::gaps;
use crate::support::net::Net;
use crate::support::script::Script;

/// VC-226: a copy is a copy although a finer price came between it and the first arrival.
pub(crate) fn vc_226_a_finer_price_between_two_copies_makes_neither_news<S: Script>() {
    let mut net = Net::<S>::live(2, |_| {});
    let delta = net.next_delta(0);
    let bbo = net.next_bbo(0).1;
    let truth = &mut net.truths[0];
    truth.refine();
    let (px, _) = truth.bids()[0];
    let change = truth.change(|truth| {
        truth.bids.insert(px + 1, 77);
    });
    let finer = S::delta(truth, &change.unwrap());
    let texts = [
        (Channel::BOOK, delta),
        (Channel::BBO, bbo),
        (Channel::BOOK, finer),
    ];
    for replica in 0..2 {
        for (channel, text) in &texts {
            net.hand(replica, 0, *channel, text);
        }
    }
    net.pass(2_000);
    let records = net.take();
    let told = [Kind::BookDelta, Kind::Bbo, Kind::Instrument].map(|kind| of_kind(&records, kind));
    assert_eq!(told, [2, 1, 1]);
    assert_eq!(gaps(&records), []);
    assert_eq!(net.feed.counts().widened, 1);
    assert!(net.is_right(0));
}
