//! What a QuestDB server holds, counted: its side of a reconciliation.
//!
//! Sums are of the exact columns, made by the server; books have none, so their levels are read and
//! summed here, each as the shortest decimal that reads as its DOUBLE. Everything is asked for hour
//! by hour, so that no query meets the server's own time limit.

mod authorities;
mod exec;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use feedd_codecs::record::Kind;
use feedd_codecs::time::to_rfc3339;
use feedd_storage::sink::credentials::CredentialsError;
use feedd_storage::sink::questdb::{Server, table};
use feedd_storage::sink::reconcile::{Extent, Key, Sums, Tally, VALUE_EXP, exact, fraction};

use self::exec::Exec;

/// Time that one query looks at: the partition of the busiest tables.
const WINDOW: i64 = 3_600_000_000_000;
/// Longest wait for acknowledged rows to be visible: a server that was killed under load needs some
/// ten seconds.
const APPLY_TIMEOUT: Duration = Duration::from_secs(120);
/// Pause between two looks at what the server has applied.
const LOOK: Duration = Duration::from_millis(50);

/// Why a server's rows were not counted.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// The credentials cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The file of authorities cannot be used.
    #[error("authorities {}: {problem}; expected PEM certificates", path.display())]
    Authorities {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The server cannot be reached, or went away.
    #[error("the server does not answer: {0}")]
    Unreachable(String),
    /// The server refused a query.
    #[error("the server refused `{sql}`: {answer}")]
    Refused {
        /// The query.
        sql: String,
        /// The server's words.
        answer: String,
    },
    /// An answer of another form than was asked for.
    #[error("`{sql}` was answered by {line:?}")]
    Form {
        /// The query.
        sql: String,
        /// The line that is not understood.
        line: String,
    },
    /// A table takes no rows any more, or not fast enough.
    #[error("table {0} does not apply what it has acknowledged: see wal_tables()")]
    Behind(String),
}

/// What a server asks for, and is asked for, before it answers; by default nothing, and a certificate by a public
/// authority where its address is `https` or `wss`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Access<'a> {
    /// File of the credentials.
    pub credentials: Option<&'a Path>,
    /// PEM file of the authorities that sign the server's certificate.
    pub ca_file: Option<&'a Path>,
}

/// Counts the rows in `extent` of every table of the server, in
/// [`Terms::Values`](feedd_storage::sink::reconcile::Terms::Values). Waits until the server shows
/// what it had acknowledged when this began.
///
/// # Errors
///
/// [`CountError`].
pub fn tally(server: &Server, access: Access<'_>, extent: &Extent) -> Result<Tally, CountError> {
    let exec = Exec::new(server, access)?;
    wait_until_applied(&exec)?;
    let mut tally = Tally::new();
    for kind in Kind::ALL {
        let (oldest, newest) = bounds(&exec, kind)?;
        let (from, to) = (
            extent.from.max(oldest),
            extent.to.min(newest.saturating_add(1)),
        );
        let mut window = from.div_euclid(WINDOW) * WINDOW;
        while window < to {
            let times = (window.max(from), window.saturating_add(WINDOW).min(to));
            count(&exec, kind, times, extent, &mut tally)?;
            window = window.saturating_add(WINDOW);
        }
    }
    Ok(tally)
}

/// Waits until every table shows what it has acknowledged by now.
fn wait_until_applied(exec: &Exec) -> Result<(), CountError> {
    let mut goals: Vec<(String, u64)> = Vec::new();
    exec.rows("SELECT name, sequencerTxn FROM wal_tables()", |row| {
        goals.push((row.first()?.to_string(), row.get(1)?.parse().ok()?));
        Some(())
    })?;
    let begun = Instant::now();
    loop {
        let mut behind = None;
        let mut suspended = false;
        exec.rows(
            "SELECT name, writerTxn, suspended FROM wal_tables()",
            |row| {
                let [name, txn, stands] = row else {
                    return None;
                };
                let txn: u64 = txn.parse().ok()?;
                let late = |goal: &&(String, u64)| goal.0 == *name && txn < goal.1;
                if goals.iter().any(|goal| late(&goal)) {
                    suspended |= *stands == "true";
                    behind = Some(name.to_string());
                }
                Some(())
            },
        )?;
        match behind {
            None => return Ok(()),
            Some(name) if suspended || begun.elapsed() > APPLY_TIMEOUT => {
                return Err(CountError::Behind(name));
            }
            Some(_) => std::thread::sleep(LOOK),
        }
    }
}

/// Receive stamps of the oldest and the newest row of a kind's table; an empty range if it is empty.
fn bounds(exec: &Exec, kind: Kind) -> Result<(i64, i64), CountError> {
    let table = table(kind);
    let sql =
        format!("SELECT cast(min(timestamp) AS LONG), cast(max(timestamp) AS LONG) FROM {table}");
    let mut bounds = (0, -1);
    exec.rows(&sql, |row| {
        if let [oldest, newest] = row
            && !oldest.is_empty()
        {
            bounds = (oldest.parse().ok()?, newest.parse().ok()?);
        }
        Some(())
    })?;
    Ok(bounds)
}

/// How the rows of a kind are counted.
struct Counted {
    /// Number of records, and the sum of their sequences.
    records: &'static str,
    /// Which of the table's rows are of this kind.
    only: &'static str,
    /// Exact columns that count as prices.
    px: &'static [&'static str],
    /// Exact columns that count as quantities.
    qty: &'static [&'static str],
}

const ROWS: Counted = Counted {
    records: "count(), sum(seq)",
    only: "true",
    px: &[],
    qty: &[],
};

/// A record of orders has a row an order.
const ORDERS: Counted = Counted {
    records: "sum(CASE WHEN n = 0 THEN 1 ELSE 0 END), sum(CASE WHEN n = 0 THEN seq ELSE 0 END)",
    only: "kind = 'orders_delta'",
    px: &["price_d"],
    qty: &["amount_d"],
};

const fn counted(kind: Kind) -> Counted {
    match kind {
        Kind::Trade | Kind::Liquidation => Counted {
            px: &["price_d"],
            qty: &["amount_d"],
            ..ROWS
        },
        Kind::Bbo => Counted {
            px: &["bid_price_d", "ask_price_d"],
            qty: &["bid_volume_d", "ask_volume_d"],
            ..ROWS
        },
        Kind::Candle => Counted {
            px: &["open_d", "high_d", "low_d", "close_d"],
            qty: &["volume_d"],
            ..ROWS
        },
        Kind::OrdersDelta => ORDERS,
        Kind::OrdersSnapshot => Counted {
            only: "kind = 'orders_snapshot'",
            ..ORDERS
        },
        _ => ROWS,
    }
}

/// Adds the rows of a kind with `from <= timestamp < to`, both within one window.
fn count(
    exec: &Exec,
    kind: Kind,
    (from, to): (i64, i64),
    extent: &Extent,
    tally: &mut Tally,
) -> Result<(), CountError> {
    let counted = counted(kind);
    let books = matches!(kind, Kind::BookDelta | Kind::BookSnapshot);
    let what = if books {
        "1, seq, bids, asks".to_owned()
    } else {
        let columns = counted.px.iter().chain(counted.qty);
        let sums: String = columns.map(|column| format!(", sum({column})")).collect();
        format!("{}{sums}", counted.records)
    };
    // Texts of times have milliseconds, so the exact bounds are told as numbers.
    let window = from.div_euclid(WINDOW) * WINDOW;
    let sql = format!(
        "SELECT venue, symbol, cast(timestamp AS LONG) / 60000000000 AS minute, {what} FROM {} \
         WHERE timestamp >= '{}' AND timestamp < '{}' \
         AND cast(timestamp AS LONG) >= {from} AND cast(timestamp AS LONG) < {to} \
         AND seq >= {} AND seq < {} AND {}",
        table(kind),
        to_rfc3339(window),
        to_rfc3339(window.saturating_add(WINDOW)),
        extent.first_seq,
        extent.acked,
        counted.only,
    );
    exec.rows(&sql, |row| {
        let [venue, symbol, minute, rows, seqs, sums @ ..] = row else {
            return None;
        };
        let (px, qty) = if books {
            levels(sums)
        } else {
            let (px, qty) = sums.split_at_checked(counted.px.len())?;
            (total(px)?, total(qty)?)
        };
        let key = Key {
            minute: minute.parse().ok()?,
            template: kind as u16,
            venue: venue.to_string(),
            symbol: symbol.to_string(),
            px_exp: VALUE_EXP,
            qty_exp: VALUE_EXP,
        };
        let sums = Sums {
            rows: rows.parse().ok()?,
            seqs: seqs.parse().ok()?,
            px,
            qty,
        };
        tally.entry(key).or_default().join(&sums);
        Some(())
    })
}

/// The sum of exact numbers; one that is null counts as nothing.
fn total(texts: &[Cow<'_, str>]) -> Option<i128> {
    let given = texts.iter().filter(|text| !text.is_empty());
    given
        .map(|text| exact(text))
        .try_fold(0_i128, |sum, value| Some(sum.wrapping_add(value?)))
}

/// Sums of the prices and the quantities of the sides of a book: `[[prices],[quantities]]` each.
fn levels(sides: &[Cow<'_, str>]) -> (i128, i128) {
    let sum = |numbers: &str| {
        let numbers = numbers.split(',');
        // A number that is none was changed by hand: it is missing in the sum.
        let values = numbers.map(|number| fraction(number).unwrap_or(0));
        values.fold(0, i128::wrapping_add)
    };
    let mut sums = (0_i128, 0_i128);
    for side in sides {
        let inner = side
            .strip_prefix("[[")
            .and_then(|rest| rest.strip_suffix("]]"));
        if let Some((prices, quantities)) = inner.and_then(|inner| inner.split_once("],[")) {
            sums.0 = sums.0.wrapping_add(sum(prices));
            sums.1 = sums.1.wrapping_add(sum(quantities));
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_both_sides_are_summed_and_an_empty_side_is_nothing() {
        let unit = 10_i128.pow(18);
        let sides = ["[[10.5,9.5],[1.0E-2,2.0]]".into(), "".into()];
        assert_eq!(levels(&sides), (20 * unit, unit / 100 * 201));
    }

    #[test]
    fn a_missing_number_counts_as_nothing_and_one_that_is_none_as_an_answer_of_another_form() {
        let unit = 10_i128.pow(18);
        assert_eq!(total(&["".into(), "2.000".into()]), Some(2 * unit));
        assert_eq!(total(&["two".into()]), None);
    }
}
