//! The tables: made by us, by steps that are numbered and can be repeated.
//!
//! `feedd_schema` holds a row for each step that is done. A step's statements change nothing where
//! they were carried out already, so a step that was interrupted is simply begun again, and two
//! daemons may do it at the same time.

use feedd_storage::sink::Refusal;
use serde_json::Value;

use super::exec::Exec;
use super::options::Options;

/// The steps, from 1; a step that was released is never changed.
const STEPS: [&str; 2] = [
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
];

/// Tables of high rate, which are kept for a short time, and the others.
const QUOTES: [&str; 4] = ["core_price", "market_data", "book_deltas", "orders"];
const OTHERS: [&str; 6] = [
    "trades",
    "tickers",
    "candles",
    "liquidations",
    "status",
    "gaps",
];

/// Brings the server's tables to this version and sets how long they are kept.
///
/// # Errors
///
/// A [`Refusal`]; permanent ones, too, are for an operator: a newer feedd was here, or a table of
/// another origin has one of our names.
pub(super) fn migrate(exec: &Exec, options: &Options) -> Result<(), Refusal> {
    exec.query(
        "CREATE TABLE IF NOT EXISTS feedd_schema (timestamp TIMESTAMP, version INT) \
         TIMESTAMP(timestamp) PARTITION BY YEAR WAL DEDUP UPSERT KEYS(timestamp, version)",
    )?;
    let done = exec.query("SELECT max(version) FROM feedd_schema")?;
    let done = first_number(&done);
    if done > STEPS.len() as u64 {
        let ours = STEPS.len();
        return Err(Refusal::permanent(format!(
            "the tables are of version {done}, this program knows {ours}: use a newer one"
        )));
    }
    for (version, step) in (1_u64..).zip(STEPS).filter(|(version, _)| *version > done) {
        for statement in statements(step) {
            exec.query(&statement)?;
        }
        // The version is its time as well: a repeat is the same row.
        exec.query(&format!(
            "INSERT INTO feedd_schema VALUES ({version}, {version})"
        ))?;
    }
    keep(exec, &QUOTES, options.keep_quotes_days)?;
    keep(exec, &OTHERS, options.keep_days)
}

fn first_number(rows: &[Vec<Value>]) -> u64 {
    let value = rows.first().and_then(|row| row.first());
    value.and_then(Value::as_u64).unwrap_or(0)
}

/// The statements of a step, without comments.
fn statements(step: &str) -> Vec<String> {
    let lines = step.lines().filter(|line| !line.starts_with("--"));
    let text = lines.collect::<Vec<_>>().join(" ");
    let statements = text.split(';').map(str::trim);
    statements
        .filter(|statement| !statement.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Sets how long tables are kept, where that differs.
fn keep(exec: &Exec, tables: &[&str], days: u32) -> Result<(), Refusal> {
    // The server tells whole weeks as weeks.
    const HOURS: &str = "ttlValue * CASE ttlUnit WHEN 'HOUR' THEN 1 WHEN 'DAY' THEN 24 \
                         WHEN 'WEEK' THEN 168 ELSE 0 END";
    for table in tables {
        let hours = days * 24;
        let differs = format!(
            "SELECT count() FROM tables() WHERE table_name = '{table}' AND {HOURS} <> {hours}"
        );
        if first_number(&exec.query(&differs)?) > 0 {
            exec.query(&format!("ALTER TABLE {table} SET TTL {days} DAYS"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use feedd_codecs::record::Kind;
    use feedd_storage::sink::questdb::table;

    use super::*;

    #[test]
    fn every_kind_of_record_has_a_table_and_every_table_a_time_to_be_kept() {
        for kind in Kind::ALL {
            let name = table(kind);
            let begin = format!("CREATE TABLE IF NOT EXISTS {name} (");
            assert!(STEPS.iter().any(|step| step.contains(&begin)), "{name}");
            let kept = QUOTES.contains(&name) || OTHERS.contains(&name);
            assert!(kept || kind == Kind::Instrument, "{name}");
        }
    }

    #[test]
    fn statements_are_cut_at_their_ends_and_all_can_be_repeated() {
        let statements: Vec<String> = STEPS.iter().flat_map(|step| statements(step)).collect();
        assert_eq!(statements.len(), 13);
        for statement in statements {
            assert!(statement.contains("IF NOT EXISTS"), "{statement}");
        }
    }
}
