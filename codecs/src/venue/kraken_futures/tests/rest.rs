//! REST: trades of the past, and turnover.

use super::{TRADE, futures};
use crate::record::{Side, Trade, TradeId};
use crate::reject::Reject;
use crate::venue::workbench::shown;
use crate::venue::{Channel, Hole, Venue};

const HISTORY: &str = r#"{"result":"success","history":[{"time":"2026-09-25T18:13:24.381Z","trade_id":421135,"price":83994.0,"size":0.0002,"side":"sell","type":"fill","uid":"8a2be12f-07c6-4b1e-a2f5-0123456789ab"},{"time":"2026-09-25T18:13:23.339Z","trade_id":421134,"price":83999.0,"size":0.0001,"side":"buy","type":"fill","uid":"1893f0aa-07c6-4b1e-a2f5-0123456789ab"}],"serverTime":"2026-09-25T18:13:30.000Z"}"#;
const TICKERS: &str = r#"{"result":"success","serverTime":"2026-11-17T00:34:37.524Z","tickers":[{"symbol":"pi_xbtusd","last":91415.0,"volumeQuote":260138.8647},{"symbol":"PF_ETHUSD","volumeQuote":1600000.0},{"symbol":"in_xbtusd","last":1}]}"#;

fn trades(body: &str) -> Result<Vec<Trade>, Reject> {
    let mut bench = futures();
    let id = bench.trade(TRADE).header.instrument;
    let mut found = Vec::new();
    bench.venue.decode_trades(
        body.as_bytes(),
        id,
        Channel::TRADE,
        &mut bench.instruments,
        &mut found,
    )?;
    Ok(found)
}

#[test]
fn missing_trades_are_sought_before_the_end_of_their_hole() {
    let venue = futures().venue;
    let hole = Hole {
        first: 421_130,
        last: 421_134,
        after: 1,
        until: 0,
    };
    let query = venue
        .trades_query("PF_XBTUSD", Channel::TRADE, hole)
        .unwrap();
    assert_eq!(query.path, "/derivatives/api/v3/history?symbol=PF_XBTUSD");
    let before = Hole {
        until: 1_758_823_943_381_000_000,
        ..hole
    };
    let query = venue.trades_query("PF_XBTUSD", Channel::TRADE, before);
    assert_eq!(
        query.unwrap().path,
        "/derivatives/api/v3/history?symbol=PF_XBTUSD&lastTime=2025-09-25T18:12:23.382Z"
    );
    assert!(
        venue
            .trades_query("PF_XBTUSD", Channel::BOOK, hole)
            .is_none()
    );
}

#[test]
fn trades_of_the_past_are_those_of_the_stream_oldest_first() {
    let found = trades(HISTORY).unwrap();
    let numbers: Vec<u64> = found.iter().map(|trade| trade.header.seq).collect();
    assert_eq!(numbers, [421_134, 421_135]);
    assert_eq!(shown(&found[0]), ("83999".to_owned(), "0.0001".to_owned()));
    assert_eq!((found[0].side, found[1].side), (Side::BUY, Side::SELL));
    let live = futures().trade(TRADE);
    assert!(matches!(live.id(), TradeId::Uuid(_)));
    assert_eq!(
        (found[1].id(), found[1].header.ts_venue),
        (live.id(), live.header.ts_venue)
    );
}

#[test]
fn a_number_of_the_stream_is_preferred_to_that_of_the_page() {
    let both = HISTORY.replace(r#""trade_id":421135"#, r#""trade_id":1,"seq":421135"#);
    assert_eq!(trades(&both).unwrap()[1].header.seq, 421_135);
    let neither = HISTORY.replace(r#""trade_id":421135,"#, "");
    assert_eq!(trades(&neither), Err(Reject::MissingField("trade_id")));
    let error = HISTORY.replace("success", "error");
    assert_eq!(trades(&error), Err(Reject::VenueError));
}

#[test]
fn turnover_is_told_by_the_streams_names() {
    let mut venue = futures().venue;
    assert_eq!(
        venue.volumes_query(None).unwrap().path,
        "/derivatives/api/v3/tickers"
    );
    let mut found = Vec::new();
    assert_eq!(
        venue.decode_volumes(TICKERS.as_bytes(), &mut found),
        Ok(None)
    );
    let shown: Vec<_> = found
        .iter()
        .map(|row| (&*row.0, row.1.to_string()))
        .collect();
    assert_eq!(
        shown,
        [
            ("PI_XBTUSD", "260138.8647".to_owned()),
            ("PF_ETHUSD", "1600000".to_owned())
        ]
    );
}
