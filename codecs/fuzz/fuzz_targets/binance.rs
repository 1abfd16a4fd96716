//! Binance spot and futures.

#![no_main]

use std::cell::RefCell;

use feedd_codecs::VenueId;
use feedd_codecs::venue::binance::Binance;
use feedd_codecs_fuzz::Pairs;

thread_local! {
    static PAIRS: RefCell<Pairs<Binance>> = RefCell::new(Pairs::new(&[VenueId::BINANCE_SPOT,
            VenueId::BINANCE_USDM,
            VenueId::BINANCE_COINM]));
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    PAIRS.with_borrow_mut(|pairs| pairs.compare(input));
});
