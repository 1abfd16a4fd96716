//! Ranges of `[sinks]`.

use std::time::Duration;

use super::Complaints;
use crate::config::SinksConfig;

const DAY: Duration = Duration::from_secs(86_400);

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
}
