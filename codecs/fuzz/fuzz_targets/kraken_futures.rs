//! Kraken futures.

#![no_main]

use std::cell::RefCell;

use feedd_codecs::VenueId;
use feedd_codecs::venue::kraken_futures::KrakenFutures;
use feedd_codecs_fuzz::Pairs;

thread_local! {
    static PAIRS: RefCell<Pairs<KrakenFutures>> = RefCell::new(Pairs::new(&[VenueId::KRAKEN_FUTURES]));
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    PAIRS.with_borrow_mut(|pairs| pairs.compare(input));
});
