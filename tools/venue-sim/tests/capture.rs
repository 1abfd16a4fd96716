//! Replays send recorded frames byte for byte.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::json;
use support::{Client, config, get};
use venue_sim::{Product, Sim, SimConfig, SimError, Source, Speed};

/// A directory of the test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("venue-sim-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, lines: &[&str]) -> PathBuf {
        let path = self.0.join(name);
        let text = lines.join("\n") + "\n";
        if name.ends_with(".gz") {
            let file = std::fs::File::create(&path).unwrap();
            let mut gz = GzEncoder::new(file, Compression::fast());
            gz.write_all(text.as_bytes()).unwrap();
            gz.finish().unwrap();
        } else {
            std::fs::write(&path, text).unwrap();
        }
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn replay(product: Product, files: Vec<PathBuf>, speed: Speed) -> Result<Sim, SimError> {
    let source = Source::Capture {
        product,
        files,
        speed,
    };
    Sim::start(SimConfig {
        source,
        ..config(product)
    })
}

const TRADE: &str = r#"{"stream":"ethusdt@trade","data":{"e":"trade", "t":1,"p":"2683.80000000"}}"#;
const DEPTH: &str = r#"{"stream":"ethusdt@depth@100ms","data":{"e":"depthUpdate","U":1,"u":2}}"#;
const SNAPSHOT: &str = r#"{"lastUpdateId":9,"bids":[["1.0","2"]],"asks":[]}"#;

#[tokio::test]
async fn binance_frames_and_snapshot_come_byte_for_byte_from_two_files() {
    let folder = Folder::new("binance");
    let first = [
        format!("1723161254000000000 {TRADE}"),
        "1723161254000000001 {\"result\":null,\"id\":1}".to_owned(),
        format!("1723161254000000002 {SNAPSHOT}"),
    ];
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let second = format!("1723161254000000003 {DEPTH}");
    let files = vec![
        folder.write("a.gz", &first),
        folder.write("b.txt", &[&second]),
    ];
    let sim = replay(Product::BinanceSpot, files, Speed::Max).unwrap();
    let path = "/stream?streams=ethusdt@trade/ethusdt@depth@100ms";
    let mut combined = Client::open(&sim, Product::BinanceSpot, path).await;
    let mut raw = Client::open(&sim, Product::BinanceSpot, "/ws/ethusdt@trade").await;
    assert_eq!(combined.text().await, TRADE);
    assert_eq!(combined.text().await, DEPTH);
    assert_eq!(
        raw.text().await,
        r#"{"e":"trade", "t":1,"p":"2683.80000000"}"#
    );
    let depth = get(&sim, Product::BinanceSpot, "/api/v3/depth?symbol=ETHUSDT").await;
    assert_eq!(depth.body, SNAPSHOT);
    assert!(
        raw.silent_for(Duration::from_millis(100)).await,
        "acks are not replayed"
    );
    assert!(sim.replayed());
    assert_eq!(sim.truth().sent(Product::BinanceSpot, "ethusdt@trade"), 2);
}

#[tokio::test]
async fn bybit_and_kraken_frames_go_to_their_subscribers_only() {
    let folder = Folder::new("others");
    let topic = r#"{"topic":"orderbook.200.BTCUSDT","ts":1,"type":"snapshot","data":{}}"#;
    let other = r#"{"topic":"publicTrade.BTCUSDT","type":"snapshot","data":[]}"#;
    let lines = [
        format!("5 {topic}"),
        format!("6 {other}"),
        r#"7 {"success":true}"#.to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let file = folder.write("bybit.txt", &lines);
    let sim = replay(Product::BybitSpot, vec![file], Speed::Times(1)).unwrap();
    let mut client = Client::open(&sim, Product::BybitSpot, "/v5/public/spot").await;
    client
        .send(r#"{"op":"subscribe","args":["orderbook.50.BTCUSDT"]}"#)
        .await;
    assert_eq!(
        client.json().await["success"],
        false,
        "not in the recording"
    );
    client
        .send(r#"{"op":"subscribe","args":["orderbook.200.BTCUSDT"]}"#)
        .await;
    assert_eq!(client.json().await["success"], true);
    assert_eq!(client.text().await, topic);
    assert!(client.silent_for(Duration::from_millis(100)).await);

    let book = r#"{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[]}]}"#;
    let file = folder.write("kraken.txt", &[&format!("5 {book}")]);
    let sim = replay(Product::KrakenSpot, vec![file], Speed::Max).unwrap();
    let mut client = Client::open(&sim, Product::KrakenSpot, "/v2").await;
    let params = json!({"channel":"book","symbol":["BTC/USD"],"depth":25});
    client
        .send(json!({"method":"subscribe","params":params}).to_string())
        .await;
    client.json_where(|m| m["method"] == "subscribe").await;
    assert_eq!(client.text().await, book);
}

#[tokio::test]
async fn pace_follows_the_recorded_stamps_divided_by_the_factor() {
    let folder = Folder::new("pace");
    let lines = [format!("1000000000 {TRADE}"), format!("5000000000 {TRADE}")];
    let file = folder.write("a.txt", &[&lines[0], &lines[1]]);
    let sim = replay(Product::BinanceSpot, vec![file], Speed::Times(10)).unwrap();
    let mut client = Client::open(&sim, Product::BinanceSpot, "/ws/ethusdt@trade").await;
    client.text().await;
    let first = Instant::now();
    client.text().await;
    let pause = first.elapsed();
    assert!(
        (380..2_000).contains(&pause.as_millis()),
        "{pause:?} for 4 s at tenfold speed"
    );
}

#[tokio::test]
async fn malformed_capture_is_refused_with_file_and_line() {
    let folder = Folder::new("bad");
    let file = folder.write("bad.txt", &[&format!("1 {TRADE}"), "soon {}"]);
    let text = replay(Product::BinanceSpot, vec![file], Speed::Max)
        .unwrap_err()
        .to_string();
    assert!(text.contains("bad.txt line 2"), "{text}");
    let missing = replay(
        Product::BinanceSpot,
        vec![folder.0.join("none")],
        Speed::Max,
    );
    assert!(matches!(missing, Err(SimError::CaptureRead { .. })));
}

/// Recorded stream frames of the real files, in order.
fn frames(files: &[PathBuf]) -> Vec<String> {
    let open =
        |file: &PathBuf| BufReader::new(MultiGzDecoder::new(std::fs::File::open(file).unwrap()));
    let lines = files.iter().flat_map(|file| open(file).lines());
    let frames = lines.map(|line| line.unwrap().split_once(' ').unwrap().1.to_owned());
    frames
        .filter(|frame| frame.starts_with("{\"stream\""))
        .collect()
}

#[tokio::test]
async fn real_session_arrives_whole_and_unchanged_at_full_speed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures/binance/coinm");
    let names = ["ethusd_perp_20240808.gz", "ethusd_perp_20240809.gz"];
    let files: Vec<PathBuf> = names.iter().map(|name| root.join(name)).collect();
    if !files.iter().all(|file| file.exists()) {
        println!("skipped: the recorded captures are not at ../shared/captures");
        return;
    }
    let expected = frames(&files);
    let sim = replay(Product::BinanceCoinm, files, Speed::Max).unwrap();
    let streams = ["trade", "bookTicker", "depth@0ms"].map(|kind| format!("ethusd_perp@{kind}"));
    let path = format!("/stream?streams={}", streams.join("/"));
    let mut client = Client::open(&sim, Product::BinanceCoinm, &path).await;
    for (number, frame) in expected.iter().enumerate() {
        assert_eq!(client.text().await, *frame, "frame {number}");
    }
    assert!(expected.len() > 70_000 && client.silent_for(Duration::from_millis(100)).await);
}
