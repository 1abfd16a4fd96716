//! The books after the last line, whole, as one JSON text.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use feedd_codecs::feed::{BookCounts, State};
use feedd_codecs::{Book, Feed, Venue};
use feedd_storage::export::json::{escape, levels};

use crate::exit::Failure;

/// Creates the file before anything is decoded: a wrong path should not cost a long run.
pub(super) fn create(path: &Path) -> Result<BufWriter<File>, Failure> {
    let file = File::create(path).map_err(Failure::create(path))?;
    Ok(BufWriter::new(file))
}

/// Writes every book that had messages, in the order in which the instruments came.
pub(super) fn write<V: Venue>(feed: &Feed<V>, out: &mut impl Write) -> io::Result<()> {
    let mut text = String::from("{\"books\":[");
    let mut first = true;
    for instrument in feed.instruments().all() {
        let Some((book, state, seq, counts)) = feed.book(instrument.id) else {
            continue;
        };
        text.push_str(if first { "\n" } else { ",\n" });
        first = false;
        push_head(&mut text, &instrument.symbol, state, seq);
        push_levels(&mut text, book);
        push_counts(&mut text, counts);
        out.write_all(text.as_bytes())?;
        text.clear();
    }
    text.push_str("\n]}\n");
    out.write_all(text.as_bytes())
}

fn push_head(text: &mut String, symbol: &str, state: State, seq: Option<u64>) {
    text.push_str("{\"symbol\":");
    escape(text, symbol);
    text.push_str(",\"state\":");
    escape(text, state_name(state));
    text.push_str(",\"seq\":");
    match seq.filter(|seq| *seq != 0) {
        Some(seq) => text.push_str(&seq.to_string()),
        None => text.push_str("null"),
    }
}

fn push_levels(text: &mut String, book: &Book) {
    text.push_str(",\"bids\":");
    levels(text, book.bids(), book.px_exp(), book.qty_exp());
    text.push_str(",\"asks\":");
    levels(text, book.asks(), book.px_exp(), book.qty_exp());
}

fn push_counts(text: &mut String, counts: BookCounts) {
    let BookCounts {
        gaps,
        checksums_ok,
        checksums_failed,
    } = counts;
    text.push_str(&format!(
        ",\"gaps\":{gaps},\"checksums_ok\":{checksums_ok},\"checksums_failed\":{checksums_failed}}}"
    ));
}

const fn state_name(state: State) -> &'static str {
    match state {
        State::Live => "ok",
        State::Bad => "bad",
        State::Unsynced => "unsynced",
    }
}
