//! Kraken spot.

#![no_main]

use std::cell::RefCell;

use feedd_codecs::VenueId;
use feedd_codecs::venue::kraken::Kraken;
use feedd_codecs_fuzz::Pairs;

thread_local! {
    static PAIRS: RefCell<Pairs<Kraken>> = RefCell::new(Pairs::new(&[VenueId::KRAKEN_SPOT]));
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    PAIRS.with_borrow_mut(|pairs| pairs.compare(input));
});
