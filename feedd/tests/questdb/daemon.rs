//! The whole daemon is killed while its sink writes.

use std::collections::BTreeSet;
use std::time::Duration;

use feedd::config::{FeedConfig, Span};
use feedd_codecs::record::Kind;
use feedd_codecs::venue::StreamOptions;
use feedd_codecs::{Venue, with_venue};
use feedd_storage::{Cursor, LogKind};
use venue_sim::Product;

use crate::counting::assert_reconciled;
use crate::pumping::{Pumping, SINK};
use crate::server::Server;
use crate::support::{Rig, market, wait_for};

/// How often the daemon is killed.
const KILLS: u32 = 8;
/// Longest life after the first batch that the server acknowledged, in milliseconds.
const LIFE_MS: u64 = 700;
/// Market events a second and instrument.
const RATE: u32 = 200;
/// One product of each venue; between them they have every kind of record.
const VENUES: [Product; 3] = [
    Product::BinanceUsdm,
    Product::BybitLinear,
    Product::KrakenSpot,
];

/// Every channel that the feed's venue has.
fn channels(feed: &FeedConfig) -> Vec<String> {
    let id = feed.venue_id().unwrap();
    with_venue!(id, V => {
        let venue = V::new(id, StreamOptions::default());
        let names = venue.channels().iter().map(|channel| channel.name().to_owned());
        names.collect()
    })
}

/// Venues with every channel, and a daemon whose only sink is the server.
fn rig(server: &Server) -> Rig {
    let sim_config = market(&VENUES, RATE);
    let mut rig = Rig::with(&sim_config);
    let token = rig.dir.path().join("token");
    std::fs::write(&token, format!("{}\n", sim_config.kraken_token)).unwrap();
    for feed in &mut rig.config.feeds {
        feed.channels = channels(feed);
        if feed.venue == "kraken" {
            feed.token_file = Some(token.clone());
        }
    }
    let questdb = &mut rig.config.sinks.questdb;
    questdb.connect = Some(server.options().server.to_string());
    questdb.settle = Span::from_millis(0);
    rig
}

#[test]
fn a_daemon_that_is_killed_again_and_again_has_every_kind_of_record_in_the_server_once() {
    let name =
        "a_daemon_that_is_killed_again_and_again_has_every_kind_of_record_in_the_server_once";
    let Some(server) = Server::any(name) else {
        return;
    };
    let seed = std::env::var("FEEDD_TEST_SEED").ok();
    let seed = seed.map_or_else(|| fastrand::u64(..), |text| text.parse().unwrap());
    println!("FEEDD_TEST_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let rig = rig(&server);
    let dir = rig.config.journal.dir.clone();
    let mut journal = rig.journal();
    let cursor = Cursor::open(&dir, SINK, LogKind::Records).unwrap();
    for kill in 1..=KILLS {
        rig.free_budgets();
        let before = cursor.load().unwrap();
        let daemon = rig.daemon();
        wait_for("a batch", || cursor.load().unwrap() > before);
        std::thread::sleep(Duration::from_millis(random.u64(..=LIFE_MS)));
        let ended = daemon.kill();
        assert_eq!(ended.code, None, "ended before the kill: {}", ended.log);
        let (acked, all) = (cursor.load().unwrap().unwrap(), journal.poll().len());
        println!("kill {kill}: {acked} of {all} records acknowledged");
    }
    rig.free_budgets();
    let daemon = rig.daemon();
    journal.until("every kind of record", |entries| {
        let new = entries.iter().filter(|entry| entry.run == KILLS + 1);
        let kinds: BTreeSet<&str> = new.map(|entry| entry.kind.name()).collect();
        kinds.len() == Kind::ALL.len()
    });
    rig.halt(&mut journal);
    let ended = daemon.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    rig.assert_sound();
    // A stop does not wait for a slow server; what is left comes in the next run.
    let next_seq = journal.poll().len() as u64 + 1;
    let report = Pumping::start(&dir, server.options()).drain(next_seq);
    assert_eq!((report.dead, report.lost), (0, 0), "{report:?}");
    let kinds = assert_reconciled(&server, &dir);
    assert_eq!(kinds.len(), Kind::ALL.len(), "{kinds:?}");
}
