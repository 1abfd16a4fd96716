//! What the demo prints at its end.

use std::path::Path;

use feedd_codecs::record::Kind;
use hdrhistogram::Histogram;

use super::verify::{Verdict, View};
use crate::pipeline::{FeedReport, Latencies, STAGES};

/// Counts, comparison, latencies.
pub(super) fn print(view: &View, verdict: &Verdict, feeds: &[FeedReport], latencies: &Latencies) {
    let seen = |kind: &Kind| view.counts.values().any(|counts| counts.contains_key(kind));
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(seen).collect();
    print!("\n{:<15}", "records");
    kinds.iter().for_each(|kind| print!("{:>15}", kind.name()));
    println!();
    for (venue, counts) in &view.counts {
        print!("{:<15}", venue.to_string());
        kinds
            .iter()
            .for_each(|kind| print!("{:>15}", counts.get(kind).copied().unwrap_or(0)));
        println!();
    }
    let rejects: u64 = feeds.iter().flat_map(|feed| feed.counts.rejects).sum();
    println!(
        "\nbooks rebuilt from the journal   {} of {} equal the simulator's, {} levels",
        verdict.books_equal, verdict.books, verdict.levels
    );
    println!(
        "trades in the journal            {} of {} equal the simulator's tape",
        verdict.trades_equal, verdict.trades
    );
    println!(
        "gaps                             {} (0 expected)",
        verdict.gaps
    );
    println!("rejected frames                  {rejects} (0 expected)");
    verdict
        .differences
        .iter()
        .for_each(|difference| println!("DIFFERENCE: {difference}"));
    print_latencies(latencies);
}

fn print_latencies(latencies: &Latencies) {
    println!(
        "\n{:<22}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}",
        "latency, us", "count", "p50", "p90", "p99", "p99.9", "max"
    );
    for (_, stage) in STAGES {
        let mut merged: Option<Histogram<u64>> = None;
        for (tag, histogram) in latencies
            .iter()
            .filter(|(tag, _)| tag.split('.').next() == Some(stage))
        {
            debug_assert!(tag.starts_with(stage));
            let total = merged.get_or_insert_with(|| Histogram::new_from(histogram));
            // Equal bounds: the sum always fits.
            let _ = total.add(histogram);
        }
        if let Some(histogram) = merged {
            let quantile = |at| micros(histogram.value_at_quantile(at));
            println!(
                "{stage:<22}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}",
                histogram.len(),
                quantile(0.5),
                quantile(0.9),
                quantile(0.99),
                quantile(0.999),
                micros(histogram.max()),
            );
        }
    }
    println!(
        "(simulator, readers and journal share this host's cores, parked between frames: not a measurement of the limit)"
    );
}

/// Nanoseconds as microseconds with one decimal.
fn micros(ns: u64) -> String {
    format!("{}.{}", ns / 1000, ns % 1000 / 100)
}

/// Where everything is, and what to try next.
pub(super) fn paths(dir: &Path, latency_file: &Path) {
    let dir = dir.display();
    println!("\njournal   {dir}");
    println!("parquet   {dir}/parquet (one row a record; DuckDB: .read {dir}/parquet/views.sql)");
    println!("next      cargo run --release -p feedctl -- journal info {dir}");
    println!("          cargo run --release -p feedctl -- journal dump {dir} --limit 5");
    println!("          cargo run --release -p feedctl -- journal verify {dir}");
    println!(
        "          cargo run --release -p feedctl -- hist {}",
        latency_file.display()
    );
}
