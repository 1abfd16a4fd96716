//! Capture files, plain or gzip, as a stream of classified lines.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::vec::IntoIter;

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use crate::clock::Nanos;
use crate::config::Product;
use crate::error::SimError;

/// Longest line read; a deep snapshot is some 300 KiB, so more is not a capture.
const LINE_MAX: usize = 64 << 20;

/// What a recorded frame is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A message of the stream with this key.
    Stream { key: String, text: String },
    /// A REST book snapshot (Binance).
    Snapshot(String),
    /// Something the simulator answers by itself.
    Skipped,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) at: Nanos,
    pub(crate) frame: Frame,
}

/// What the files hold, found by reading them once before the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording {
    /// Keys of all streams.
    pub(crate) keys: BTreeSet<String>,
    /// The first REST snapshot: clients ask for it before the replay has reached it.
    pub(crate) first_snapshot: Option<String>,
}

impl Recording {
    /// Reads the files from start to end.
    ///
    /// # Errors
    /// A file that cannot be read, or a line that is not in the format.
    pub(crate) fn scan(product: Product, files: &[PathBuf]) -> Result<Self, SimError> {
        let mut recording = Self::default();
        for line in open(product, files.to_vec()) {
            match line?.frame {
                Frame::Stream { key, .. } => {
                    recording.keys.insert(key);
                }
                Frame::Snapshot(body) => {
                    recording.first_snapshot.get_or_insert(body);
                }
                Frame::Skipped => {}
            }
        }
        Ok(recording)
    }
}

/// Lines of several files, one after the other.
pub(crate) fn open(product: Product, files: Vec<PathBuf>) -> Lines {
    Lines {
        product,
        files: files.into_iter(),
        current: None,
    }
}

/// See [`open`].
pub(crate) struct Lines {
    product: Product,
    files: IntoIter<PathBuf>,
    current: Option<Source>,
}

struct Source {
    path: PathBuf,
    reader: Box<dyn BufRead + Send>,
    line: u64,
}

impl Iterator for Lines {
    type Item = Result<Line, SimError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.current.is_none() {
                match Source::open(self.files.next()?) {
                    Ok(source) => self.current = Some(source),
                    Err(error) => return Some(Err(error)),
                }
            }
            let source = self.current.as_mut()?;
            match source.next(self.product) {
                Some(line) => return Some(line),
                None => self.current = None,
            }
        }
    }
}

impl Source {
    fn open(path: PathBuf) -> Result<Self, SimError> {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(source) => return Err(SimError::CaptureRead { path, source }),
        };
        let reader: Box<dyn BufRead + Send> = match path.extension() {
            Some(ending) if ending == "gz" => Box::new(BufReader::new(MultiGzDecoder::new(file))),
            _ => Box::new(BufReader::new(file)),
        };
        Ok(Self {
            path,
            reader,
            line: 0,
        })
    }

    fn next(&mut self, product: Product) -> Option<Result<Line, SimError>> {
        let mut text = String::new();
        self.line += 1;
        let read = self
            .reader
            .by_ref()
            .take(LINE_MAX as u64)
            .read_line(&mut text);
        match read {
            Ok(0) => None,
            Ok(_) => {
                let line = parse(product, text.trim_end_matches(['\n', '\r']));
                Some(line.ok_or_else(|| self.refused(&text)))
            }
            Err(source) => Some(Err(SimError::CaptureRead {
                path: self.path.clone(),
                source,
            })),
        }
    }

    fn refused(&self, text: &str) -> SimError {
        let found: String = text.chars().take(60).collect();
        SimError::CaptureLine {
            path: self.path.clone(),
            line: self.line,
            found,
        }
    }
}

fn parse(product: Product, line: &str) -> Option<Line> {
    let (at, frame) = line.split_once(' ')?;
    Some(Line {
        at: at.parse().ok()?,
        frame: classify(product, frame)?,
    })
}

fn classify(product: Product, text: &str) -> Option<Frame> {
    let message: Value = serde_json::from_str(text).ok()?;
    let field = |key: &str| message.get(key).and_then(Value::as_str).map(str::to_owned);
    let key = match product {
        Product::BybitSpot
        | Product::BybitLinear
        | Product::BybitInverse
        | Product::BybitOption => field("topic"),
        Product::KrakenSpot => kraken_key(&message),
        Product::KrakenFutures => kraken_futures_key(&message),
        Product::BinanceSpot | Product::BinanceUsdm | Product::BinanceCoinm => {
            if message.get("lastUpdateId").is_some() {
                return Some(Frame::Snapshot(text.to_owned()));
            }
            field("stream")
        }
    };
    Some(match key {
        Some(key) => Frame::Stream {
            key,
            text: text.to_owned(),
        },
        None => Frame::Skipped,
    })
}

/// `channel.symbol`; the depth of a book and the trigger of a ticker are not in the message.
fn kraken_key(message: &Value) -> Option<String> {
    let channel = message.get("channel")?.as_str()?;
    match message.get("data") {
        Some(Value::Array(elements)) => {
            let symbol = elements.first()?.get("symbol")?.as_str()?;
            Some(format!("{channel}.{symbol}"))
        }
        Some(Value::Object(_)) => Some(channel.to_owned()),
        _ => None,
    }
}

/// `feed.symbol`; a snapshot belongs to the feed that it opens.
fn kraken_futures_key(message: &Value) -> Option<String> {
    if message.get("event").is_some() {
        return None;
    }
    let feed = message.get("feed")?.as_str()?;
    let feed = feed.strip_suffix("_snapshot").unwrap_or(feed);
    Some(match message.get("product_id").and_then(Value::as_str) {
        Some(symbol) => format!("{feed}.{symbol}"),
        None => feed.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_apart_by_the_venues_own_fields() {
        let stream = r#"{"stream":"a@trade","data":{"e":"trade"}}"#;
        let key = |product, text: &str| match classify(product, text) {
            Some(Frame::Stream { key, .. }) => key,
            other => format!("{other:?}"),
        };
        assert_eq!(key(Product::BinanceSpot, stream), "a@trade");
        let snapshot = r#"{"lastUpdateId":1,"bids":[],"asks":[]}"#;
        let frame = classify(Product::BinanceSpot, snapshot);
        assert_eq!(frame, Some(Frame::Snapshot(snapshot.into())));
        let book = r#"{"channel":"book","type":"update","data":[{"symbol":"BTC/USD"}]}"#;
        assert_eq!(key(Product::KrakenSpot, book), "book.BTC/USD");
        let book = r#"{"feed":"book_snapshot","product_id":"PI_XBTUSD","seq":1}"#;
        assert_eq!(key(Product::KrakenFutures, book), "book.PI_XBTUSD");
        let ack = r#"{"event":"subscribed","feed":"book","product_ids":["PI_XBTUSD"]}"#;
        assert_eq!(classify(Product::KrakenFutures, ack), Some(Frame::Skipped));
        assert_eq!(
            key(Product::BybitSpot, r#"{"topic":"t.1","data":[]}"#),
            "t.1"
        );
        for skipped in [
            r#"{"success":true,"op":"subscribe"}"#,
            r#"{"channel":"heartbeat"}"#,
        ] {
            assert_eq!(classify(Product::BybitSpot, skipped), Some(Frame::Skipped));
            assert_eq!(classify(Product::KrakenSpot, skipped), Some(Frame::Skipped));
        }
        assert_eq!(classify(Product::BybitSpot, "not json"), None);
    }
}
