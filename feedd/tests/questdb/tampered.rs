//! Whatever is wrong with the server's rows is found by counting, and sending again puts it right.

use std::path::Path;

use feedd_storage::sink::reconcile::Difference;
use feedd_storage::{Cursor, LogKind};

use crate::counting::{assert_reconciled, differing};
use crate::market::Market;
use crate::pumping::{Pumping, SINK};
use crate::server::Server;

const TRADES: u64 = 2_000;
/// The columns of a trade that make a row of their own, its time aside.
const COLUMNS: &str = "venue, symbol, side, price, amount, price_d, amount_d, trade_id, seq";

fn only(server: &Server, dir: &Path) -> Difference {
    let mut found = differing(server, dir);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

fn run(server: &Server, statements: &[&str]) {
    for sql in statements {
        server.exec().query(sql).unwrap();
        server.apply();
    }
}

#[test]
fn a_row_that_is_missing_changed_or_there_twice_is_found_and_sending_again_puts_it_right() {
    let name =
        "a_row_that_is_missing_changed_or_there_twice_is_found_and_sending_again_puts_it_right";
    let Some(server) = Server::any(name) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut market = Market::new(dir.path());
    market.trades(TRADES);
    market.one_of_each();
    let next_seq = market.journal.records().next_seq();
    let send = || Pumping::start(dir.path(), server.options()).drain(next_seq);
    let send_again = || {
        let cursor = Cursor::open(dir.path(), SINK, LogKind::Records).unwrap();
        cursor.save(1).unwrap();
        send()
    };
    send();
    assert_reconciled(&server, dir.path());

    run(
        &server,
        &["UPDATE trades SET amount_d = amount_d + 0.00000001m WHERE seq = 500"],
    );
    let changed = only(&server, dir.path());
    assert_eq!(
        (changed.kind(), changed.journal.rows),
        ("trade", changed.sink.rows)
    );
    assert_eq!(changed.sink.qty - changed.journal.qty, 10_i128.pow(10));
    send_again();
    assert_reconciled(&server, dir.path());

    run(
        &server,
        &[
            "INSERT INTO market_data (timestamp, venue, symbol, bids, asks, seq) \
           SELECT timestamp, venue, symbol, bids * 2.0, asks, seq FROM market_data",
        ],
    );
    let level = only(&server, dir.path());
    assert_eq!((level.kind(), level.sink.rows), ("book_snapshot", 1));
    assert!(level.sink.px > level.journal.px && level.sink.qty > level.journal.qty);
    send_again();
    assert_reconciled(&server, dir.path());

    run(
        &server,
        &[
            "CREATE TABLE kept AS (SELECT * FROM trades WHERE seq <> 777)",
            "TRUNCATE TABLE trades",
            "INSERT INTO trades SELECT * FROM kept",
        ],
    );
    let missing = only(&server, dir.path());
    assert_eq!(missing.journal.rows - missing.sink.rows, 1);
    assert_eq!(missing.journal.seqs - missing.sink.seqs, 777);
    send_again();
    assert_reconciled(&server, dir.path());

    // The key keeps the same row from standing twice, so one of another time is made.
    let twice = format!(
        "INSERT INTO trades (timestamp, {COLUMNS}) \
         SELECT dateadd('n', 1, timestamp) timestamp, {COLUMNS} FROM trades WHERE seq = 900"
    );
    run(&server, &[&twice]);
    let twice = only(&server, dir.path());
    assert_eq!(twice.sink.rows - twice.journal.rows, 1);
    assert_eq!(twice.sink.seqs - twice.journal.seqs, 900);
}
