//! Serves every simulated venue until Enter is pressed (or standard input ends).
//!
//! `cargo run -p venue-sim --example serve [-- tls] [events per second]`

use std::io::BufRead;

use venue_sim::{MarketConfig, Product, Sim, SimConfig, SimError};

fn main() -> Result<(), SimError> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut market = MarketConfig::default();
    if let Some(rate) = words.iter().find_map(|word| word.parse().ok()) {
        market.events_per_second = rate;
    }
    let tls = words.iter().any(|word| word == "tls");
    let sim = Sim::start(SimConfig {
        tls,
        market,
        ..SimConfig::default()
    })?;
    for product in Product::ALL {
        if let Some(endpoint) = sim.endpoint(product) {
            println!(
                "{} {} {}",
                product.name(),
                endpoint.ws_url,
                endpoint.rest_url
            );
        }
    }
    if let Some(pem) = sim.ca_pem() {
        println!("{pem}");
    }
    let mut line = String::new();
    let waited = std::io::stdin().lock().read_line(&mut line);
    let truth = sim.truth();
    println!(
        "{} connections, {} trades",
        truth.lines.len(),
        trades(&truth)
    );
    for line in &truth.lines {
        println!("{line:?}");
    }
    // Standard input that breaks ends the program as Enter does.
    drop(waited);
    Ok(())
}

fn trades(truth: &venue_sim::Truth) -> usize {
    truth
        .instruments
        .iter()
        .map(|instrument| instrument.trades.len())
        .sum()
}
