//! Tables: medians over the calm blocks, and medians of the ratios of blocks of the same round.

use super::blocks::Kind;
use super::{Block, FLOOD_RECORDS};
use crate::clock::Scale;
use crate::stats::{median, quantile};

/// The figures of one block; smaller is better.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    round: usize,
    values: [f64; 3],
}

fn figures(block: &Block, kind: Kind, scale: Scale) -> Figures {
    let of = |ticks: &[u64], share: f64| {
        let mut sorted = ticks.to_vec();
        sorted.sort_unstable();
        scale.nanos(quantile(&sorted, share))
    };
    let values = match kind {
        Kind::Paced { .. } => [
            of(&block.far, 0.5),
            of(&block.far, 0.99),
            of(&block.near, 0.5),
        ],
        Kind::PingPong { .. } => [of(&block.near, 0.5) / 2.0, of(&block.near, 0.99) / 2.0, 0.0],
        Kind::Flood { .. } => [of(&block.far, 0.5) / FLOOD_RECORDS as f64, 0.0, 0.0],
    };
    Figures {
        round: block.round,
        values,
    }
}

fn headings(kind: Kind) -> (&'static str, &'static [&'static str]) {
    match kind {
        Kind::Paced { .. } => (
            "Paced, 200,000 records/s",
            &["p50 ns", "p99 ns", "publish p50 ns"],
        ),
        Kind::PingPong { .. } => ("Ping-pong, half a round trip", &["p50 ns", "p99 ns"]),
        Kind::Flood { .. } => (
            "As fast as possible, every reader sees all",
            &["ns a record"],
        ),
    }
}

/// Prints one table.
pub fn table(kind: Kind, names: &[&str], rounds: usize, blocks: &[Block], scale: Scale) {
    let (title, columns) = headings(kind);
    println!("### {title}\n");
    let ratios = columns.iter().map(|column| format!("own / its {column}"));
    let all: Vec<String> = columns
        .iter()
        .map(ToString::to_string)
        .chain(ratios)
        .collect();
    println!("| ring | calm blocks of {rounds} | {} |", all.join(" | "));
    println!("|---|--:|{}", "--:|".repeat(all.len()));
    let of = |contender: usize| -> Vec<Figures> {
        let own = blocks.iter().filter(|block| block.contender == contender);
        own.map(|block| figures(block, kind, scale)).collect()
    };
    let own = of(0);
    for (contender, name) in names.iter().enumerate() {
        let its = of(contender);
        let cells = (0..columns.len()).map(|at| {
            format!(
                "{:.1}",
                median(&mut its.iter().map(|one| one.values[at]).collect::<Vec<_>>())
            )
        });
        let ratios = (0..columns.len()).map(|at| format!("{:.2}", ratio(&own, &its, at)));
        let cells: Vec<String> = cells.chain(ratios).collect();
        println!("| {name} | {} | {} |", its.len(), cells.join(" | "));
    }
    println!();
}

/// Median over the rounds in which both were calm.
fn ratio(own: &[Figures], its: &[Figures], at: usize) -> f64 {
    let mut ratios: Vec<f64> = own
        .iter()
        .filter_map(|own| {
            let same = its.iter().find(|its| its.round == own.round)?;
            Some(own.values[at] / same.values[at])
        })
        .collect();
    median(&mut ratios)
}
