-- Version 1: a table for each kind of record, and one-minute bars of the trades.
--
-- Every row is one record of the journal (`orders`: one order of a record).
--   timestamp   when feedd had it (UTC): the order of the journal, there for every record, the same in every repeat
--   ts_venue    when it happened by the venue's clock; null where the venue gives no time
--   seq         the record's sequence in the journal: with timestamp and venue the key that makes a repeat harmless
--   venue_seq   the venue's own sequence; null where it has none
--   flags       bits as in the record's schema: 1 last, 2 snapshot, 4 maybe_bad_book, 8 bad_ts_recv, 16 backfill,
--               32 checksum, 64 checkpoint, 128 late, 256 suspect
--   price, …    the nearest DOUBLE, for arithmetic and charts; `…_d` beside it is the exact number
CREATE TABLE IF NOT EXISTS trades (
  timestamp TIMESTAMP_NS, venue SYMBOL, symbol SYMBOL, side SYMBOL,
  price DOUBLE, amount DOUBLE, price_d DECIMAL(38,18), amount_d DECIMAL(38,18),
  trade_id VARCHAR, first_id LONG, last_id LONG, conditions INT,
  ts_venue TIMESTAMP_NS, venue_seq LONG, flags INT, seq LONG
) TIMESTAMP(timestamp) PARTITION BY HOUR WAL DEDUP UPSERT KEYS(timestamp, venue, seq);

CREATE TABLE IF NOT EXISTS core_price (
  timestamp TIMESTAMP_NS, venue SYMBOL, symbol SYMBOL,
  bid_price DOUBLE, bid_volume DOUBLE, ask_price DOUBLE, ask_volume DOUBLE,
  bid_price_d DECIMAL(38,18), bid_volume_d DECIMAL(38,18), ask_price_d DECIMAL(38,18), ask_volume_d DECIMAL(38,18),
  ts_venue TIMESTAMP_NS, venue_seq LONG, flags INT, seq LONG
) TIMESTAMP(timestamp) PARTITION BY HOUR WAL DEDUP UPSERT KEYS(timestamp, venue, seq);

-- Whole books. bids[1] are the prices, best first, bids[2] the quantities; the mantissas are
-- round(price * 10^-px_exp), exact up to 2^53.
CREATE TABLE IF NOT EXISTS market_data (
  timestamp TIMESTAMP_NS, venue SYMBOL, symbol SYMBOL, channel SYMBOL,
  bids DOUBLE[][], asks DOUBLE[][], best_bid DOUBLE, best_ask DOUBLE,
  px_exp INT, qty_exp INT, depth INT, first_seq LONG, checksum LONG,
  ts_venue TIMESTAMP_NS, venue_seq LONG, flags INT, seq LONG
) TIMESTAMP(timestamp) PARTITION BY HOUR WAL DEDUP UPSERT KEYS(timestamp, venue, seq);

-- The levels that an event changed, in the venue's order; quantity 0 removes the level.
CREATE TABLE IF NOT EXISTS book_deltas (
  timestamp TIMESTAMP_NS, venue SYMBOL, symbol SYMBOL, channel SYMBOL,
  bids DOUBLE[][], asks DOUBLE[][],
  px_exp INT, qty_exp INT, depth INT, first_seq LONG, checksum LONG,
  ts_venue TIMESTAMP_NS, venue_seq LONG, flags INT, seq LONG
) TIMESTAMP(timestamp) PARTITION BY HOUR WAL DEDUP UPSERT KEYS(timestamp, venue, seq);

-- One row an order; `n` counts the orders of a record from 0, bids first. A record without orders has one
-- row without an order.
CREATE TABLE IF NOT EXISTS orders (
  timestamp TIMESTAMP_NS, venue SYMBOL, symbol SYMBOL, side SYMBOL, action SYMBOL, order_id VARCHAR,
  price DOUBLE, amount DOUBLE, price_d DECIMAL(38,18), amount_d DECIMAL(38,18), ts_order TIMESTAMP_NS,
  ts_venue TIMESTAMP_NS, venue_seq LONG, flags INT, n INT, seq LONG
) TIMESTAMP(timestamp) PARTITION BY HOUR WAL DEDUP UPSERT KEYS(timestamp, venue, seq, n);

-- `figures` is all that the venue gave, exact: name=number, separated by blanks.
CREATE TABLE IF NOT EXISTS tickers (
  timestamp TIMESTAMP_NS, venue SYMBOL, symbol SYMBOL, channel SYMBOL,
  last_price DOUBLE, open DOUBLE, high DOUBLE, low DOUBLE, vwap DOUBLE, volume DOUBLE, quote_volume DOUBLE,
  bid_price DOUBLE, bid_qty DOUBLE, ask_price DOUBLE, ask_qty DOUBLE,
  mark_price DOUBLE, index_price DOUBLE, settle_estimate DOUBLE,
  funding_rate DOUBLE, funding_rate_next DOUBLE, next_funding_time TIMESTAMP_NS,
  open_interest DOUBLE, open_interest_value DOUBLE, figures VARCHAR,
  ts_venue TIMESTAMP_NS, venue_seq LONG, flags INT, seq LONG
) TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, venue, seq);

CREATE TABLE IF NOT EXISTS candles (
  timestamp TIMESTAMP_NS, venue SYMBOL, symbol SYMBOL, channel SYMBOL,
  ts_open TIMESTAMP_NS, ts_close TIMESTAMP_NS, closed BOOLEAN,
  open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE, quote_volume DOUBLE,
  taker_volume DOUBLE, taker_quote_volume DOUBLE, vwap DOUBLE, trades LONG,
  open_d DECIMAL(38,18), high_d DECIMAL(38,18), low_d DECIMAL(38,18), close_d DECIMAL(38,18),
  volume_d DECIMAL(38,18), quote_volume_d DECIMAL(38,18),
  ts_venue TIMESTAMP_NS, venue_seq LONG, flags INT, seq LONG
) TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, venue, seq);

CREATE TABLE IF NOT EXISTS liquidations (
  timestamp TIMESTAMP_NS, venue SYMBOL, symbol SYMBOL, side SYMBOL,
  price DOUBLE, avg_price DOUBLE, amount DOUBLE, filled_amount DOUBLE,
  price_d DECIMAL(38,18), amount_d DECIMAL(38,18),
  ts_venue TIMESTAMP_NS, venue_seq LONG, flags INT, seq LONG
) TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, venue, seq);

-- Reference data as changes; `name` is the same for the same thing at every venue.
CREATE TABLE IF NOT EXISTS instruments (
  timestamp TIMESTAMP_NS, venue SYMBOL, symbol SYMBOL, name SYMBOL, change SYMBOL, state SYMBOL, type SYMBOL,
  base SYMBOL, quote SYMBOL, settle SYMBOL, option_right SYMBOL, expiry TIMESTAMP_NS,
  tick_d DECIMAL(38,18), lot_d DECIMAL(38,18), contract_size_d DECIMAL(38,18),
  strike_d DECIMAL(38,18), multiplier_d DECIMAL(38,18), px_exp INT, qty_exp INT, generation LONG,
  ts_venue TIMESTAMP_NS, venue_seq LONG, flags INT, seq LONG
) TIMESTAMP(timestamp) PARTITION BY MONTH WAL DEDUP UPSERT KEYS(timestamp, venue, seq);

-- What happened to lines, streams and venues.
CREATE TABLE IF NOT EXISTS status (
  timestamp TIMESTAMP_NS, venue SYMBOL, symbol SYMBOL, channel SYMBOL, code SYMBOL, line INT, text VARCHAR,
  ts_venue TIMESTAMP_NS, venue_seq LONG, flags INT, seq LONG
) TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, venue, seq);

-- What is missing; a gap has two rows with the same ts_open: when it was found and when it ended.
CREATE TABLE IF NOT EXISTS gaps (
  timestamp TIMESTAMP_NS, venue SYMBOL, symbol SYMBOL, channel SYMBOL, cause SYMBOL, ended_by SYMBOL, line INT,
  first_seq LONG, last_seq LONG, missing LONG, ts_open TIMESTAMP_NS, ts_good TIMESTAMP_NS,
  ts_venue TIMESTAMP_NS, venue_seq LONG, flags INT, seq LONG
) TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, venue, seq);

CREATE MATERIALIZED VIEW IF NOT EXISTS trades_ohlc_1m AS (
  SELECT timestamp, venue, symbol, first(price) open, max(price) high, min(price) low, last(price) close,
    sum(amount) volume, sum(price * amount) turnover, count() trades
  FROM trades SAMPLE BY 1m
) PARTITION BY DAY;
