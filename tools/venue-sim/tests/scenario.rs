//! Scenarios play against a running simulation, on time and on the right line.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::{Duration, Instant};

use support::{Client, config, start};
use venue_sim::{Product, Scenario, Sim, SimConfig, Touch};

const SPOT: Product = Product::BinanceSpot;
const TRADES: &str = "/ws/btcusdt@trade";

/// Ids of all trades that come within this time.
async fn ids(client: &mut Client, wait: Duration) -> Vec<u64> {
    let end = Instant::now() + wait;
    let mut ids = Vec::new();
    while Instant::now() < end {
        ids.push(client.json().await["t"].as_u64().unwrap());
    }
    ids
}

fn missing(ids: &[u64]) -> usize {
    ids.windows(2)
        .map(|pair| (pair[1] - pair[0] - 1) as usize)
        .sum()
}

#[tokio::test]
async fn fault_comes_at_its_time_on_the_oldest_line_only() {
    let sim = start(SPOT);
    let (mut a, mut b) = (
        Client::open(&sim, SPOT, TRADES).await,
        Client::open(&sim, SPOT, TRADES).await,
    );
    a.json().await;
    b.json().await;
    let scenario = Scenario::parse(
        r#"
        [[at]]
        time = "300ms"
        fault = "drop"
        venue = "binance"
        product = "spot"
        stream = "btcusdt@trade"
        line = "A"
        count = 7
        "#,
    );
    sim.run(&scenario.unwrap());
    assert_eq!(
        missing(&ids(&mut a, Duration::from_millis(200)).await),
        0,
        "too early"
    );
    assert_eq!(missing(&ids(&mut a, Duration::from_millis(500)).await), 7);
    assert_eq!(missing(&ids(&mut b, Duration::from_millis(700)).await), 0);
    let lines: Vec<Option<u64>> = sim.truth().faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, vec![Some(1); 7]);
}

#[tokio::test]
async fn fault_repeats_until_its_end() {
    let sim = start(SPOT);
    let mut client = Client::open(&sim, SPOT, TRADES).await;
    client.json().await;
    let text = r#"
        [[at]]
        time = "0ms"
        every = "100ms"
        until = "500ms"
        fault = "drop"
        venue = "binance"
        product = "spot"
    "#;
    sim.run(&Scenario::parse(text).unwrap());
    let seen = ids(&mut client, Duration::from_millis(900)).await;
    assert_eq!(missing(&seen), 5);
}

#[tokio::test]
async fn mixture_is_over_when_it_says_and_the_stream_is_whole_again() {
    let duration = Duration::from_secs(1);
    let scenarios = (0..8).map(|seed| Scenario::random(seed, duration, &[SPOT]));
    let sims: Vec<(Sim, Scenario)> = scenarios
        .map(|scenario| {
            (
                Sim::start(SimConfig {
                    seed: 3,
                    ..config(SPOT)
                })
                .unwrap(),
                scenario,
            )
        })
        .collect();
    let mut clients = Vec::new();
    for (sim, scenario) in &sims {
        let mut client = Client::open(sim, SPOT, TRADES).await;
        client.json().await;
        clients.push(client);
        sim.run(scenario);
    }
    tokio::time::sleep(duration).await;
    drop(clients);
    for (sim, scenario) in &sims {
        let mut client = Client::open(sim, SPOT, TRADES).await;
        let seen = ids(&mut client, Duration::from_millis(150)).await;
        assert!(seen.len() > 3 && missing(&seen) == 0, "{scenario}");
        let before = sim.truth().faults.len();
        ids(&mut client, Duration::from_millis(50)).await;
        let faults = sim.truth().faults;
        let late = faults[before..]
            .iter()
            .filter(|fault| fault.touch != Touch::Mutated);
        assert_eq!(late.count(), 0, "{scenario}");
    }
}

#[tokio::test]
async fn mixtures_on_every_product_leave_a_simulation_that_halts_and_a_tape_that_reads() {
    let duration = Duration::from_millis(800);
    for seed in 100..104 {
        let name = format!("venue-sim-{}-mixture-{seed}.jsonl", std::process::id());
        let path = std::env::temp_dir().join(name);
        let products = Product::ALL.to_vec();
        let tape = Some(path.clone());
        let sim = Sim::start(SimConfig {
            products,
            tape,
            ..config(SPOT)
        })
        .unwrap();
        let clients = [TRADES, "/ws/btcusdt@depth@100ms"];
        let mut open = Vec::new();
        for client in clients {
            open.push(Client::open(&sim, SPOT, client).await);
        }
        let scenario = Scenario::random(seed, duration, &Product::ALL);
        sim.run(&scenario);
        tokio::time::sleep(duration).await;
        drop(open);
        assert!(sim.halt(), "{scenario}");
        let tape = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let lines = tape.lines().map(serde_json::from_str::<serde_json::Value>);
        let lines: Vec<_> = lines.map(Result::unwrap).collect();
        let ordered = lines.iter().filter(|line| line["mark"] == "order").count();
        // The last one, which heals, concerns every product.
        let named = scenario.to_string().matches("[[at]]").count() - 1 + Product::ALL.len();
        assert_eq!(ordered, named, "{scenario}");
    }
}

#[test]
fn simulation_of_every_product_starts_and_stops_at_once() {
    let begun = Instant::now();
    let sim = Sim::start(SimConfig::default()).unwrap();
    let started = begun.elapsed();
    sim.stop();
    let stopped = begun.elapsed() - started;
    assert!(
        started < Duration::from_millis(600),
        "took {started:?} to start"
    );
    assert!(
        stopped < Duration::from_millis(600),
        "took {stopped:?} to stop"
    );
    println!("start {started:?}, stop {stopped:?}");
}
