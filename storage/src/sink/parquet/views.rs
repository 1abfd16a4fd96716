//! `views.sql`: one view a table for DuckDB users, and some that everybody writes sooner or later.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;

use super::layout::{Layout, create, entries};
use super::table::Table;
use crate::error::Error;
use crate::journal::{rename, temporary_path};

const FILE: &str = "views.sql";

/// One-minute bars of the trades, by receive time.
const BARS: &str = "
CREATE OR REPLACE VIEW trades_1m AS
SELECT date, venue, symbol, time_bucket(INTERVAL 1 MINUTE, ts_recv) AS minute,
       arg_min(price, journal_seq) AS open, max(price) AS high, min(price) AS low,
       arg_max(price, journal_seq) AS close, sum(qty) AS volume, count(*) AS trades
FROM trades GROUP BY ALL;
";

/// Writes the file anew if a table got its first rows: a view of no files is an error in DuckDB.
pub(super) fn refresh(layout: &Layout) -> Result<(), Error> {
    let path = layout.root().join(FILE);
    let text = text(layout)?;
    if fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    let temporary = temporary_path(&path);
    let mut file = create(&temporary)?;
    file.write_all(text.as_bytes())
        .map_err(Error::io("write", &temporary))?;
    file.sync_all().map_err(Error::io("sync", &temporary))?;
    rename(&temporary, &path)
}

fn text(layout: &Layout) -> Result<String, Error> {
    let root = fs::canonicalize(layout.root()).map_err(Error::io("find", layout.root()))?;
    let root = root.to_string_lossy().replace('\'', "''");
    let mut text = String::from("-- Written by feedd. In DuckDB: .read views.sql\n");
    for table in Table::all() {
        let name = table.name();
        if entries(&layout.root().join(name))?.is_empty() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "CREATE OR REPLACE VIEW {name} AS \
             SELECT *, make_timestamp_ns(epoch_ns(ts_recv) - kernel_ns) AS ts_kernel FROM read_parquet(\
             '{root}/{name}/*/*/*.parquet', hive_partitioning = true, union_by_name = true);"
        );
    }
    if text.contains("VIEW trades AS") {
        text.push_str(BARS);
    }
    Ok(text)
}
