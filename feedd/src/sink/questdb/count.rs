//! What the server holds, counted: the server's side of a reconciliation.

use feedd_codecs::time::{Nanos, from_rfc3339, to_rfc3339};
use feedd_storage::sink::Refusal;
use serde_json::Value;

use super::exec::Exec;

/// What one table holds of one instrument and minute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minute {
    /// The table.
    pub table: String,
    /// The venue and product.
    pub venue: String,
    /// The venue's spelling of the instrument; empty for records about a line or a venue.
    pub symbol: String,
    /// Begin of the minute, ns since the Unix epoch.
    pub minute: Nanos,
    /// Records.
    pub records: u64,
    /// Sum of the records' journal sequences: two sets of records of one size differ in it.
    pub seqs: u128,
    /// Exact sums of the table's two leading numbers (price and quantity), where it has such.
    pub sums: Vec<String>,
}

/// A table, the two exact columns that are summed, and which rows count as records.
const TABLES: [(&str, &[&str], &str); 11] = [
    ("trades", &["price_d", "amount_d"], "true"),
    ("core_price", &["bid_price_d", "ask_price_d"], "true"),
    ("market_data", &[], "true"),
    ("book_deltas", &[], "true"),
    ("orders", &[], "n = 0"),
    ("tickers", &[], "true"),
    ("candles", &["close_d", "volume_d"], "true"),
    ("liquidations", &["price_d", "amount_d"], "true"),
    ("instruments", &[], "true"),
    ("status", &[], "true"),
    ("gaps", &[], "true"),
];

/// Whether every acknowledged row can be seen by queries.
///
/// # Errors
///
/// A [`Refusal`].
pub fn is_applied(exec: &Exec) -> Result<bool, Refusal> {
    let behind = "SELECT count() FROM wal_tables() WHERE writerTxn <> sequencerTxn OR suspended";
    let rows = exec.query(behind)?;
    let count = rows.first().and_then(|row| row.first());
    Ok(count.and_then(Value::as_u64) == Some(0))
}

/// Counts and sums of every table, instrument and minute with `from <= timestamp < to`, sorted.
///
/// # Errors
///
/// A [`Refusal`].
pub fn minutes(exec: &Exec, from: Nanos, to: Nanos) -> Result<Vec<Minute>, Refusal> {
    let mut all = Vec::new();
    for (table, sums, records) in TABLES {
        let sums: String = sums.iter().map(|sum| format!(", sum({sum})")).collect();
        let sql = format!(
            "SELECT venue, symbol, timestamp, count(), sum(seq){sums} FROM {table} \
             WHERE timestamp >= '{}' AND timestamp < '{}' AND {records} SAMPLE BY 1m",
            to_rfc3339(from),
            to_rfc3339(to)
        );
        for row in exec.query(&sql)? {
            let minute = minute(table, &row);
            let unread = || Refusal::permanent(format!("{table}: an answer of another form"));
            all.push(minute.ok_or_else(unread)?);
        }
    }
    all.sort();
    Ok(all)
}

fn minute(table: &str, row: &[Value]) -> Option<Minute> {
    let [venue, symbol, minute, records, seqs, sums @ ..] = row else {
        return None;
    };
    Some(Minute {
        table: table.to_owned(),
        venue: venue.as_str()?.to_owned(),
        symbol: symbol.as_str().unwrap_or_default().to_owned(),
        minute: from_rfc3339(minute.as_str()?)?,
        records: records.as_u64()?,
        seqs: u128::from(seqs.as_u64()?),
        sums: sums.iter().map(text).collect(),
    })
}

/// An exact number's digits, without zeros at the end.
fn text(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}
