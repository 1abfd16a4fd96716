//! Bybit spot and linear.

#![no_main]

use std::cell::RefCell;

use feedd_codecs::VenueId;
use feedd_codecs::venue::bybit::Bybit;
use feedd_codecs_fuzz::Pairs;

thread_local! {
    static PAIRS: RefCell<Pairs<Bybit>> = RefCell::new(Pairs::new(&[VenueId::BYBIT_SPOT, VenueId::BYBIT_LINEAR]));
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    PAIRS.with_borrow_mut(|pairs| pairs.compare(input));
});
