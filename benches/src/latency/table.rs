//! Tables in Markdown: percentiles of each stage, and the ratios that count.

use std::fmt::Write as _;

use hdrhistogram::Histogram;

use super::schedule::Load;
use super::summary::{Outcome, Stage, percentile};
use super::traffic::{Channels, Market};

/// Name and parts in ten thousand of each percentile.
const PERCENTILES: [(&str, u64); 6] = [
    ("p50", 5_000),
    ("p90", 9_000),
    ("p99", 9_900),
    ("p99.9", 9_990),
    ("p99.99", 9_999),
    ("max", 10_000),
];

/// One party's outcome in one cell.
#[derive(Debug)]
pub struct Row {
    /// The venue.
    pub market: Market,
    /// What the line carried.
    pub channels: Channels,
    /// `plain` or `tls`.
    pub transport: &'static str,
    /// The schedule.
    pub load: Load,
    /// Who received.
    pub party: String,
    /// What came out.
    pub outcome: Outcome,
}

/// The table of one venue's line.
#[must_use]
pub fn venue(market: Market, channels: Channels, rows: &[Row]) -> String {
    let names = channels.of(market).join(", ");
    let mut text = format!("### {} {}: {names}\n\n", market.name(), market.product());
    text.push_str("| load | transport | party | stage, us |");
    PERCENTILES
        .iter()
        .for_each(|(name, _)| push(&mut text, format_args!(" {name} |")));
    text.push_str(" count | lost |\n|---|---|---|---|");
    text.push_str(&"--:|".repeat(PERCENTILES.len() + 2));
    text.push('\n');
    let own = |row: &&Row| (row.market, row.channels) == (market, channels);
    for row in rows.iter().filter(own) {
        for (stage, histogram) in &row.outcome.stages {
            push(
                &mut text,
                format_args!(
                    "| {} | {} | {} | {} |",
                    row.load,
                    row.transport,
                    row.party,
                    stage.name()
                ),
            );
            for (_, parts) in PERCENTILES {
                push(
                    &mut text,
                    format_args!(" {} |", micros(percentile(histogram, parts))),
                );
            }
            push(
                &mut text,
                format_args!(" {} | {} |\n", histogram.len(), row.outcome.lost),
            );
        }
        for note in &row.outcome.notes {
            push(
                &mut text,
                format_args!(
                    "| {} | {} | {} | *{note}* |\n",
                    row.load, row.transport, row.party
                ),
            );
        }
    }
    text.push_str(&refusals(rows.iter().filter(own)));
    text
}

/// Who is missing in a table, and why.
fn refusals<'r>(rows: impl Iterator<Item = &'r Row>) -> String {
    let mut told = Vec::new();
    for row in rows {
        let Some(reason) = row.outcome.refused else {
            continue;
        };
        let line = format!("* {}, not had: {reason}\n", row.party);
        if !told.contains(&line) {
            told.push(line);
        }
    }
    if !told.is_empty() {
        told.insert(0, "\n".to_owned());
    }
    told.concat()
}

/// End to end, each party beside the raw limit of its cell, at p50 and p99.
#[must_use]
pub fn ratios(rows: &[Row]) -> String {
    let mut text = String::from(
        "| venue | channels | transport | load | party | p50, us | p99, us | p50 / raw | p99 / raw | to user space, p50 / raw | p99 / raw |\n|---|---|---|---|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for row in rows {
        let raw = rows
            .iter()
            .find(|other| other.party == "raw" && is_same_cell(row, other));
        let (Some(raw), Some(own)) = (raw.and_then(end), end(row)) else {
            continue;
        };
        let user = row.outcome.stages.get(&Stage::SenderUser).unwrap_or(own);
        let [p50, p99] = [5_000, 9_900].map(|parts| percentile(own, parts));
        let [u50, u99] = [5_000, 9_900].map(|parts| percentile(user, parts));
        let [r50, r99] = [5_000, 9_900].map(|parts| percentile(raw, parts));
        push(
            &mut text,
            format_args!(
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                row.market.name(),
                row.channels.name(),
                row.transport,
                row.load,
                row.party,
                micros(p50),
                micros(p99),
                ratio(p50, r50),
                ratio(p99, r99),
                ratio(u50, r50),
                ratio(u99, r99)
            ),
        );
    }
    text
}

/// End to end, each rival beside feedd's readers of its cell, at p50 and p99.
#[must_use]
pub fn rivals(rows: &[Row]) -> String {
    let mut text = String::from(
        "| venue | channels | transport | load | rival | p50, us | p99, us | lost | p50 / feedd-spin | p99 / feedd-spin | p50 / feedd-carried | p99 / feedd-carried | p50 / feedd-park | p99 / feedd-park |\n|---|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    let is_rival = |row: &&Row| row.party != "raw" && !row.party.starts_with("feedd-");
    for row in rows.iter().filter(is_rival) {
        let Some(own) = end(row) else { continue };
        push(
            &mut text,
            format_args!(
                "| {} | {} | {} | {} | {} | {} | {} | {} |",
                row.market.name(),
                row.channels.name(),
                row.transport,
                row.load,
                row.party,
                micros(percentile(own, 5_000)),
                micros(percentile(own, 9_900)),
                row.outcome.lost
            ),
        );
        for party in ["feedd-spin", "feedd-carried", "feedd-park"] {
            let is_base = |other: &&Row| other.party == party && is_same_cell(row, other);
            let base = rows.iter().find(is_base).and_then(end);
            for parts in [5_000, 9_900] {
                let base = base.map_or(0, |base| percentile(base, parts));
                let times = ratio(percentile(own, parts), base);
                push(&mut text, format_args!(" {times} |"));
            }
        }
        text.push('\n');
    }
    text
}

fn is_same_cell(row: &Row, other: &Row) -> bool {
    let cell = |row: &Row| (row.market, row.channels, row.transport, row.load);
    cell(row) == cell(other)
}

/// The end-to-end histogram of a row.
#[must_use]
pub fn end(row: &Row) -> Option<&Histogram<u64>> {
    row.outcome.stages.get(&Stage::EndToEnd)
}

/// Nanoseconds as microseconds with two decimals, rounded down.
fn micros(ns: u64) -> String {
    format!("{}.{:02}", ns / 1_000, ns % 1_000 / 10)
}

/// Two decimals, rounded down.
fn ratio(value: u64, base: u64) -> String {
    match (value * 100).checked_div(base) {
        Some(hundredths) => format!("{}.{:02}", hundredths / 100, hundredths % 100),
        None => "-".to_owned(),
    }
}

fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_and_microseconds_have_two_decimals() {
        assert_eq!(ratio(1_234, 1_000), "1.23");
        assert_eq!(ratio(1, 0), "-");
        assert_eq!(micros(4_999), "4.99");
    }
}
