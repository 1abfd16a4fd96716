//! The tables of the appenders.

use super::{FLOOD_RECORDS, Figures};
use crate::clock::Scale;
use crate::stats::{median, quantile};

/// Name of a column and its quantile.
const COLUMNS: [(&str, f64); 6] = [
    ("p50", 0.5),
    ("p90", 0.9),
    ("p99", 0.99),
    ("p99.9", 0.999),
    ("p99.99", 0.9999),
    ("max", 1.0),
];
/// Records of a group: a percentile is the median of the groups' percentiles, so that a stall of
/// the host, which strikes everybody now and then, is not charged to whom it strikes. The maximum
/// is that of all.
const GROUP: usize = 50_000;

/// Prints both tables for records of `bytes`; the first contender is compared with each.
pub fn appends(bytes: usize, names: &[&str], figures: &mut [Figures], rounds: usize, scale: Scale) {
    println!("## Append, records of {bytes} bytes\n\n### As fast as possible\n");
    println!("| contender | calm blocks of {rounds} | ns a record | own batches / its |");
    println!("|---|--:|--:|--:|");
    for at in 0..names.len() {
        let mut nanos: Vec<f64> = figures[at]
            .floods
            .iter()
            .map(|(_, ticks)| scale.nanos(*ticks) / FLOOD_RECORDS as f64)
            .collect();
        let ratio = ratio(&figures[0], &figures[at]);
        let (calm, name) = (nanos.len(), names[at]);
        println!(
            "| {name} | {calm} | {:.1} | {ratio:.2} |",
            median(&mut nanos)
        );
    }
    println!("\n### At 2,000,000 records/s: how long an append takes, rolls included (ns)\n");
    let heads: Vec<&str> = COLUMNS.iter().map(|(head, _)| *head).collect();
    println!(
        "| contender | records | {} | blocks left out | page faults | waits |",
        heads.join(" | ")
    );
    println!("|---|--:|{}--:|--:|--:|", "--:|".repeat(heads.len()));
    for (name, figures) in names.iter().zip(figures) {
        let mut groups = figures.paced.clone();
        groups.chunks_mut(GROUP).for_each(<[u64]>::sort_unstable);
        let cells = COLUMNS.map(|(_, share)| format!("{:.0}", scale.nanos(of(&groups, share))));
        println!(
            "| {name} | {} | {} | {} | {} | {} |",
            figures.paced.len(),
            cells.join(" | "),
            figures.disturbed,
            figures.faults,
            figures.waits
        );
    }
    println!();
}

/// The quantile of records in sorted groups; a short group at the end does not count unless it is
/// the only one.
fn of(groups: &[u64], share: f64) -> u64 {
    let each = || groups.chunks(GROUP);
    if share >= 1.0 {
        return each()
            .filter_map(|group| group.last())
            .copied()
            .max()
            .unwrap_or(0);
    }
    let whole = groups.len() / GROUP;
    let mut quantiles: Vec<u64> = each()
        .take(whole.max(1))
        .map(|group| quantile(group, share))
        .collect();
    quantiles.sort_unstable();
    quantile(&quantiles, 0.5)
}

/// Median of the ratios of blocks of the same round.
fn ratio(own: &Figures, its: &Figures) -> f64 {
    let mut ratios: Vec<f64> = own
        .floods
        .iter()
        .filter_map(|(round, ticks)| {
            let (_, its) = its.floods.iter().find(|(other, _)| other == round)?;
            Some(*ticks as f64 / *its as f64)
        })
        .collect();
    median(&mut ratios)
}
