//! Simulated Binance, Bybit and Kraken: seeded market or recorded captures over ws and wss, with faults on demand.
