//! What the test binaries share: recorded sessions (`<receive stamp, ns> <frame>` a line, gzip), and
//! venues that speak by their documentation.

#![allow(dead_code, reason = "each test binary uses its part")]

pub(crate) mod binance;
pub(crate) mod bybit;
pub(crate) mod kraken;
pub(crate) mod kraken_futures;
pub(crate) mod ledger;
pub(crate) mod net;
pub(crate) mod rig;
pub(crate) mod script;
pub(crate) mod tree;
pub(crate) mod truth;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use feedd_codecs::feed::{FeedOptions, Meta, Outbox};
use feedd_codecs::instrument::Admission;
use feedd_codecs::venue::StreamOptions;
use feedd_codecs::{Feed, Record, RecordSink, Venue, VenueId};
use flate2::read::MultiGzDecoder;

/// The folder of recorded sessions beside the project, if this checkout has one.
pub(crate) fn captures() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures");
    if !folder.is_dir() {
        println!("no recorded sessions beside this checkout: nothing to compare here");
        return None;
    }
    Some(folder)
}

/// Calls `line` with stamp and frame of every line of the files, in order.
pub(crate) fn for_each_line(
    folder: &std::path::Path,
    files: &[&str],
    mut line: impl FnMut(i64, &str),
) {
    for file in files {
        let reader = BufReader::new(MultiGzDecoder::new(File::open(folder.join(file)).unwrap()));
        for text in reader.lines() {
            let text = text.unwrap();
            let (stamp, frame) = text.split_once(' ').unwrap();
            line(stamp.parse().unwrap(), frame);
        }
    }
}

/// A feed that takes every symbol it meets.
pub(crate) fn open_feed<V: Venue>(id: VenueId) -> Feed<V> {
    let options = FeedOptions {
        stream: StreamOptions::default(),
        admission: Admission::Any,
        first_line: 0,
        ..FeedOptions::default()
    };
    Feed::new(id, options).unwrap()
}

/// One frame into a feed.
pub(crate) fn push<V: Venue>(
    feed: &mut Feed<V>,
    ts_recv: i64,
    frame: &str,
    sink: &mut impl RecordSink,
) {
    let meta = Meta {
        line: 0,
        frame: 0,
        ts_recv,
        ts_kernel: 0,
        now: ts_recv,
    };
    feed.on_frame(frame.as_bytes(), meta, &mut Outbox::default(), sink)
        .unwrap_or_else(|reject| panic!("{reject} in {frame}"));
}

/// A sink that forgets.
pub(crate) fn ignore(_: &Record<'_>) {}
