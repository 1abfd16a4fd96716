//! Ranges of `[sinks]`.

use std::time::Duration;

use super::Complaints;
use crate::config::{QuestDbConfig, SinksConfig};

const DAY: Duration = Duration::from_secs(86_400);
/// A hundred years.
const KEEP_DAYS_MAX: u32 = 36_500;

pub(super) fn check_sinks(sinks: &SinksConfig, found: &mut Complaints) {
    let second = Duration::from_secs(1);
    found.span("sinks.lag_alarm", sinks.lag_alarm, second, DAY);
    let parquet = &sinks.parquet;
    found.unless((1_000..=10_000_000).contains(&parquet.rows), || {
        format!(
            "sinks.parquet.rows is {}: allowed is 1000 to 10000000",
            parquet.rows
        )
    });
    found.bytes("sinks.parquet.buffer", parquet.buffer, 1 << 20, 4 << 30);
    found.span("sinks.parquet.age", parquet.age, second, DAY);
    found.unless((1..=22).contains(&parquet.level), || {
        format!(
            "sinks.parquet.level is {}: allowed is 1 to 22",
            parquet.level
        )
    });
    check_questdb(&sinks.questdb, found);
}

fn check_questdb(questdb: &QuestDbConfig, found: &mut Complaints) {
    let hour = Duration::from_secs(3_600);
    found.span("sinks.questdb.settle", questdb.settle, Duration::ZERO, hour);
    found.unless((1..=16).contains(&questdb.connections), || {
        let connections = questdb.connections;
        format!("sinks.questdb.connections is {connections}: allowed is 1 to 16")
    });
    let days = [
        ("keep_quotes_days", questdb.keep_quotes_days),
        ("keep_days", questdb.keep_days),
    ];
    for (key, days) in days {
        found.unless(days <= KEEP_DAYS_MAX, || {
            format!("sinks.questdb.{key} is {days}: allowed is 0 to {KEEP_DAYS_MAX}")
        });
    }
    // What is wrong is told without the string, in which a secret may stand.
    #[cfg(feature = "questdb")]
    if let Some(Err(problem)) = crate::sink::questdb::Options::of(questdb) {
        found.unless(false, || format!("sinks.questdb.connect: {problem}"));
    }
}
