//! Venue bytes in, exact fixed-point market data records out: no I/O, no clock, no threads.
