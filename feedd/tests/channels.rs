//! Every channel of every venue reaches the journal as the records that belong to it: nothing is
//! refused, nothing is unknown, nothing is missed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use feedd::config::FeedConfig;
use feedd_codecs::record::{Kind, Record, StatusCode};
use feedd_codecs::venue::{Channel, StreamOptions};
use feedd_codecs::{Venue, with_venue};
use support::{
    Capture, Entry, LOOK, PATIENCE, Rig, assert_nothing_refused, assert_understood, each_record,
    market,
};
use venue_sim::{Fault, MarketConfig, Product, SbeListener, SimConfig};

/// Market events a second and instrument: some taker orders of a few seconds are liquidations.
const RATE: u32 = 200;

/// Bybit's topic of maintenance windows.
const BYBIT_NEWS: &str = "system.status";

/// A channel and the kinds of record that it brings.
type Expected = BTreeMap<Channel, Vec<Kind>>;

fn kinds(channel: Channel) -> Vec<Kind> {
    match channel {
        Channel::TRADE | Channel::AGG_TRADE => vec![Kind::Trade],
        Channel::BBO => vec![Kind::Bbo],
        Channel::BOOK_TOP => vec![Kind::BookSnapshot],
        Channel::ORDERS => vec![Kind::OrdersSnapshot, Kind::OrdersDelta],
        Channel::LIQUIDATION => vec![Kind::Liquidation],
        Channel::REFERENCE => vec![Kind::Instrument],
        Channel::STATUS => vec![Kind::Status],
        book if book.keeps_book() => vec![Kind::BookSnapshot, Kind::BookDelta],
        candle if candle.is_candle() => vec![Kind::Candle],
        _ => vec![Kind::Ticker],
    }
}

/// The channels of a feed, and those that the venue offers for the whole market.
fn offered(feed: &FeedConfig) -> (Vec<Channel>, Vec<Channel>) {
    let id = feed.venue_id().unwrap();
    let options = StreamOptions {
        encoding: feed.stream_options().encoding,
        ..StreamOptions::default()
    };
    with_venue!(id, V => {
        let venue = V::new(id, options);
        let whole = Channel::all().filter(|channel| venue.whole_market(*channel));
        (venue.channels().to_vec(), whole.collect())
    })
}

fn names(channels: &[Channel]) -> Vec<String> {
    channels
        .iter()
        .map(|channel| channel.name().to_owned())
        .collect()
}

/// Whether the records are about the venue, or too rare to come for each instrument in seconds.
fn is_rare(channel: Channel) -> bool {
    matches!(channel, Channel::STATUS | Channel::LIQUIDATION)
}

/// What did not come yet: channel, kind and how many instruments have it.
fn missing(
    entries: &[Entry],
    expected: &Expected,
    instruments: usize,
) -> Vec<(Channel, Kind, usize)> {
    let mut seen: BTreeMap<(Channel, Kind), BTreeSet<&str>> = BTreeMap::new();
    for entry in entries {
        let is_news = entry.kind != Kind::Status || entry.is_status(StatusCode::VENUE);
        if is_news && !entry.is_flagged() {
            // A venue's state stands without a channel of an instrument.
            let channel = match entry.kind {
                Kind::Status => Channel::STATUS,
                _ => entry.channel,
            };
            seen.entry((channel, entry.kind))
                .or_default()
                .insert(&entry.symbol);
        }
    }
    let wanted = expected.iter().flat_map(|(channel, kinds)| {
        let least = if is_rare(*channel) { 1 } else { instruments };
        kinds.iter().map(move |kind| (*channel, *kind, least))
    });
    wanted
        .map(|(channel, kind, least)| {
            let found = seen.get(&(channel, kind)).map_or(0, BTreeSet::len);
            (channel, kind, found, least)
        })
        .filter(|(.., found, least)| found < least)
        .map(|(channel, kind, found, _)| (channel, kind, found))
        .collect()
}

/// A rig of one product; Kraken's orders and Binance's binary streams have their secrets.
fn rig(product: Product) -> Rig {
    rig_with(&market(&[product], RATE))
}

fn rig_with(sim_config: &SimConfig) -> Rig {
    let mut rig = Rig::with(sim_config);
    let path = rig.dir.path().join("token");
    std::fs::write(&path, format!("{}\n", sim_config.kraken_token)).unwrap();
    for feed in rig
        .config
        .feeds
        .iter_mut()
        .filter(|feed| feed.venue == "kraken")
    {
        feed.token_file = Some(path.clone());
    }
    rig
}

/// Captures until everything expected came, then ends and checks what must never happen.
fn assert_delivers(rig: &Rig, product: Product, expected: &Expected) {
    let mut capture = Capture::start(&rig.config);
    if product == Product::KrakenFutures {
        // Its only news of the venue is a heartbeat, which is no record.
        support::wait_for("heartbeats", || capture.reports()[0].counts.heartbeats > 0);
    }
    if product.name().starts_with("bybit") {
        // Announced once, to those who listen: a venue's news have a line of their own.
        support::wait_for("the subscription of the venue's news", || {
            let lines = rig.sim.truth().lines;
            let mut streams = lines.iter().flat_map(|line| &line.streams);
            streams.any(|stream| stream == BYBIT_NEWS)
        });
        let state = "scheduled".to_owned();
        rig.sim.inject(Fault::PlatformStatus { product, state });
    }
    let instruments = rig.config.feeds[0].instruments.len();
    let since = Instant::now();
    loop {
        let missing = missing(capture.journal.poll(), expected, instruments);
        if missing.is_empty() {
            break;
        }
        assert!(
            since.elapsed() < PATIENCE,
            "{product:?} brought no {missing:?}"
        );
        std::thread::sleep(LOOK);
    }
    let (reports, journal) = capture.end(rig);
    assert_nothing_refused(&rig.config.journal.dir, &reports, &journal);
    // Kraken announces with each subscription of candles what it will change: that is counted.
    let candles = expected
        .keys()
        .filter(|channel| channel.is_candle())
        .count();
    let announced = match product {
        Product::KrakenSpot => candles * instruments,
        _ => 0,
    };
    assert_eq!(reports[0].unknown_fields, announced as u64);
    assert!(journal.gaps().is_empty(), "{:#?}", journal.gaps());
    rig.assert_sound();
}

fn assert_every_channel_delivers(product: Product) {
    let mut rig = rig(product);
    let (mut channels, _) = offered(&rig.config.feeds[0]);
    rig.config.feeds[0].channels = names(&channels);
    if product == Product::KrakenFutures {
        channels.retain(|channel| *channel != Channel::STATUS);
    }
    let expected = channels
        .into_iter()
        .map(|channel| (channel, kinds(channel)));
    assert_delivers(&rig, product, &expected.collect());
}

fn assert_the_whole_market_delivers(product: Product) {
    let mut rig = rig(product);
    let (_, whole) = offered(&rig.config.feeds[0]);
    assert!(!whole.is_empty());
    rig.config.feeds[0].channels.clear();
    rig.config.feeds[0].whole_market = names(&whole);
    let expected = whole.into_iter().map(|channel| (channel, kinds(channel)));
    assert_delivers(&rig, product, &expected.collect());
}

#[test]
fn binance_spot_delivers_every_channel() {
    assert_every_channel_delivers(Product::BinanceSpot);
}

#[test]
fn binance_usdm_delivers_every_channel() {
    assert_every_channel_delivers(Product::BinanceUsdm);
}

#[test]
fn binance_coinm_delivers_every_channel() {
    assert_every_channel_delivers(Product::BinanceCoinm);
}

#[test]
fn bybit_spot_delivers_every_channel() {
    assert_every_channel_delivers(Product::BybitSpot);
}

#[test]
fn bybit_linear_delivers_every_channel() {
    assert_every_channel_delivers(Product::BybitLinear);
}

#[test]
fn bybit_inverse_delivers_every_channel() {
    assert_every_channel_delivers(Product::BybitInverse);
}

#[test]
fn bybit_option_delivers_every_channel() {
    assert_every_channel_delivers(Product::BybitOption);
}

#[test]
fn kraken_spot_delivers_every_channel_and_orders_with_a_token() {
    assert_every_channel_delivers(Product::KrakenSpot);
}

#[test]
fn kraken_futures_deliver_every_channel() {
    assert_every_channel_delivers(Product::KrakenFutures);
}

#[test]
fn binance_delivers_the_streams_of_the_whole_market() {
    assert_the_whole_market_delivers(Product::BinanceSpot);
    assert_the_whole_market_delivers(Product::BinanceUsdm);
    assert_the_whole_market_delivers(Product::BinanceCoinm);
}

/// Symbol and canonical name of the simulator's own instruments.
const NAMES: [(Product, &[(&str, &str)]); 9] = [
    (
        Product::BinanceSpot,
        &[("BTCUSDT", "BTC-USDT"), ("DOGEUSDT", "DOGE-USDT")],
    ),
    (
        Product::BinanceUsdm,
        &[
            ("BTCUSDT", "BTC-USDT-PERP"),
            ("1000PEPEUSDT", "1000PEPE-USDT-PERP"),
        ],
    ),
    (Product::BinanceCoinm, &[("BTCUSD_PERP", "BTC-USD-IPERP")]),
    (Product::BybitSpot, &[("BTCUSDT", "BTC-USDT")]),
    (Product::BybitLinear, &[("BTCUSDT", "BTC-USDT-PERP")]),
    (
        Product::BybitInverse,
        &[
            ("BTCUSD", "BTC-USD-IPERP"),
            ("BTCUSDH30", "BTC-USD-IFUT-20300329"),
        ],
    ),
    (
        Product::BybitOption,
        &[
            ("BTC-29MAR30-40000-C-USDT", "BTC-USDT-OPT-20300329-40000-C"),
            ("BTC-29MAR30-90000-P-USDT", "BTC-USDT-OPT-20300329-90000-P"),
            ("BTC-29MAR30-30000-C", "BTC-USD-OPT-20300329-30000-C"),
        ],
    ),
    (
        Product::KrakenSpot,
        &[("BTC/USD", "BTC-USD"), ("DOGE/USD", "DOGE-USD")],
    ),
    (
        Product::KrakenFutures,
        &[
            ("PF_XBTUSD", "BTC-USD-PERP"),
            ("PI_XBTUSD", "BTC-USD-IPERP"),
            ("FI_XBTUSD_261225", "BTC-USD-IFUT-20261225"),
            ("FF_XBTUSD_261225", "BTC-USD-FUT-20261225"),
        ],
    ),
];

#[test]
fn instruments_of_all_venues_carry_canonical_names() {
    let mut sim_config = market(&Product::ALL, 20);
    sim_config.market = MarketConfig {
        instruments: BTreeMap::new(),
        ..sim_config.market
    };
    let mut rig = Rig::with(&sim_config);
    for feed in &mut rig.config.feeds {
        feed.channels = vec!["bbo".to_owned()];
    }
    let listed: usize = rig
        .config
        .feeds
        .iter()
        .map(|feed| feed.instruments.len())
        .sum();
    let mut capture = Capture::start(&rig.config);
    capture
        .journal
        .until("every instrument is introduced", |entries| {
            let names = entries.iter().filter(|entry| entry.news().is_some());
            names.map(Entry::name).collect::<BTreeSet<_>>().len() == listed
        });
    let (_, journal) = capture.end(&rig);
    for (product, names) in NAMES {
        for (symbol, name) in names {
            let own = |entry: &&Entry| {
                entry.venue.to_string() == product.name() && entry.symbol == *symbol
            };
            let news = journal.entries().iter().filter(own).find_map(Entry::news);
            assert_eq!(
                news.map(|news| news.name.as_str()),
                Some(*name),
                "{}",
                product.name()
            );
        }
    }
}

#[test]
fn microseconds_are_kept_where_the_venue_sends_them() {
    let mut rig = rig(Product::BinanceSpot);
    rig.config.feeds[0].microseconds = true;
    let mut capture = Capture::start(&rig.config);
    rig.wait_until_live(&mut capture.journal, 0);
    let (reports, journal) = capture.end(&rig);
    assert_understood(&rig.config.journal.dir, &reports, &journal);
    let stamps = |kind| {
        let of_kind = move |entry: &&Entry| entry.kind == kind && entry.ts_venue > 0;
        journal
            .entries()
            .iter()
            .filter(of_kind)
            .map(|entry| entry.ts_venue)
    };
    for kind in [Kind::Trade, Kind::BookDelta] {
        assert!(
            stamps(kind).any(|ts| ts % 1_000_000 != 0),
            "{kind:?} in milliseconds"
        );
        assert!(
            stamps(kind).all(|ts| ts % 1_000 == 0),
            "{kind:?} finer than microseconds"
        );
    }
    let verdict = rig.compare();
    assert!(verdict.is_clean(), "{:?}", verdict.differences);
}

/// What a reader of the journal compares: the same for JSON and binary streams.
#[derive(Debug, Default, PartialEq, Eq)]
struct Content {
    /// Price, quantity, side and time by trade id.
    trades: BTreeMap<(String, String), String>,
    /// Best prices by update id.
    bests: BTreeMap<(String, u64), String>,
}

fn content(dir: &Path) -> Content {
    let (mut content, mut symbols) = (Content::default(), BTreeMap::new());
    each_record(dir, |record| {
        let header = record.header();
        if let Record::Instrument(_, text) = record {
            symbols.insert(header.instrument, text.symbol.to_owned());
        }
        let symbol = || symbols[&header.instrument].clone();
        let value = |mantissa, exp| feedd_codecs::Fixed::new(mantissa, exp).normalized();
        match record {
            Record::Trade(trade) => {
                let px = value(trade.px, trade.px_exp);
                let qty = value(trade.qty, trade.qty_exp);
                let text = format!("{px} {qty} {:?} {}", trade.side.name(), header.ts_venue);
                content
                    .trades
                    .insert((symbol(), trade.id().to_string()), text);
            }
            Record::Bbo(best) => {
                let px = |px| value(px, best.px_exp);
                let qty = |qty| value(qty, best.qty_exp);
                let bid = (px(best.bid_px), qty(best.bid_qty));
                let ask = (px(best.ask_px), qty(best.ask_qty));
                content
                    .bests
                    .insert((symbol(), header.seq), format!("{bid:?} {ask:?}"));
            }
            _ => {}
        }
    });
    content
}

/// How many entries both have; they must be equal there.
fn common<K: Ord + std::fmt::Debug>(
    one: &BTreeMap<K, String>,
    other: &BTreeMap<K, String>,
) -> usize {
    let both = one
        .iter()
        .filter_map(|(key, text)| Some((key, text, other.get(key)?)));
    both.map(|(key, text, same)| assert_eq!(text, same, "{key:?}"))
        .count()
}

#[test]
fn binary_streams_of_binance_give_the_records_of_the_json_streams() {
    let api_key = "simulated-key".to_owned();
    let json = rig_with(&SimConfig {
        sbe: Some(SbeListener {
            api_key: api_key.clone(),
            port: 0,
        }),
        ..market(&[Product::BinanceSpot], RATE)
    });
    let mut binary = json.config.clone();
    binary.journal.dir = json.dir.path().join("binary");
    let feed = &mut binary.feeds[0];
    feed.encoding = "sbe".to_owned();
    feed.ws_url = Some(json.sim.sbe_endpoint().unwrap().ws_url.clone());
    let key_file = json.dir.path().join("key");
    std::fs::write(&key_file, format!("{api_key}\n")).unwrap();
    feed.api_key_file = Some(key_file);
    let (channels, whole) = offered(feed);
    assert!(whole.is_empty());
    feed.channels = names(&channels);
    let mut text = json.config.clone();
    text.feeds[0].channels = names(&channels);
    text.feeds[0].microseconds = true;
    let mut captures = [Capture::start(&text), Capture::start(&binary)];
    let expected: Expected = channels
        .iter()
        .map(|channel| (*channel, kinds(*channel)))
        .collect();
    for capture in &mut captures {
        capture.journal.until("every channel delivers", |entries| {
            missing(entries, &expected, 2).is_empty()
        });
    }
    std::thread::sleep(Duration::from_secs(2));
    for capture in &mut captures {
        json.halt(&mut capture.journal);
    }
    for (capture, config) in captures.into_iter().zip([&text, &binary]) {
        let (reports, journal) = capture.stop();
        assert_understood(&config.journal.dir, &reports, &journal);
        assert!(journal.gaps().is_empty(), "{:#?}", journal.gaps());
    }
    let (text, binary) = (content(&text.journal.dir), content(&binary.journal.dir));
    let trades = common(&text.trades, &binary.trades);
    // Each began where it was subscribed; from the later beginning on, both have all.
    assert!(
        trades > 20 && trades + 20 > binary.trades.len().min(text.trades.len()),
        "{trades}"
    );
    assert!(common(&text.bests, &binary.bests) > 20);
}
