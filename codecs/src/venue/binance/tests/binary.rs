//! The binary streams of spot.

use super::*;

/// The worked vectors of the protocol notes, one of each kind that they have.
const BEST: &str = "3200112701000000ab491ef1154c0600aa84b8c816000000f8f800e5c408de050000302fd002000000004027d408de050000500a6130000000000742544355534454";
const TRADES: &str = "1200102701000000ab491ef1154c06002f491ef1154c0600f8f81900020000000644778501000000 4027d408de050000 0065040000000000 00 0744778501000000 4027d408de050000 a086010000000000 00 07 42544355534454";
const DIFF: &str = "1a00132701000000ab491ef1154c06009d00000000000000a000000000000000f8f81000010000e5c408de050000302fd00200000000100001004027d408de05000000000000000000000742544355534454";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// A partial book with the levels of [`DIFF`]: the same root block but for the second id.
fn top() -> Vec<u8> {
    let mut frame = bytes(DIFF);
    frame.drain(24..32);
    (frame[0], frame[2]) = (18, 0x12);
    frame
}

fn goldens() -> [Vec<u8>; 4] {
    [bytes(BEST), bytes(TRADES), bytes(DIFF), top()]
}

fn sbe() -> Bench<Binance> {
    let options = StreamOptions {
        encoding: Encoding::Sbe,
        ..StreamOptions::default()
    };
    let mut bench = spot();
    bench.venue = Binance::new(SPOT, options);
    bench
}

fn decode(bench: &mut Bench<Binance>, frame: &[u8]) -> Result<Vec<Item>, Reject> {
    bench.batch.clear();
    let (venue, batch) = (&mut bench.venue, &mut bench.batch);
    venue.decode_binary(frame, &mut bench.instruments, batch)?;
    Ok(bench.batch.items.clone())
}

/// Bids and asks of the only book item as text.
fn levels(bench: &Bench<Binance>, items: &[Item]) -> [Vec<(String, String)>; 2] {
    let [Item::Book { head, bids, asks }] = items else {
        panic!("{items:?}");
    };
    let shown =
        |range: &std::ops::Range<usize>| shown_levels(head, &bench.batch.levels[range.clone()]);
    [shown(bids), shown(asks)]
}

/// A JSON message's items, with the times of the binary one: JSON has others or none.
fn from_json(frame: &str, times: &[Item]) -> Vec<Item> {
    let mut items = spot().decode(frame).unwrap().to_vec();
    for (item, other) in items.iter_mut().zip(times) {
        let (header, of) = match (item, other) {
            (Item::Trade(trade), Item::Trade(of)) => (&mut trade.header, of.header),
            (Item::Bbo(bbo), Item::Bbo(of)) => (&mut bbo.header, of.header),
            (Item::Book { head, .. }, Item::Book { head: of, .. }) => (&mut head.header, of.header),
            other => panic!("{other:?}"),
        };
        (header.ts_venue, header.ts_send) = (of.ts_venue, of.ts_send);
    }
    items
}

const SENT: i64 = 1_772_506_983_582_123_000;

#[test]
fn the_best_prices_are_those_of_json() {
    let mut bench = sbe();
    let items = decode(&mut bench, &bytes(BEST)).unwrap();
    let json = r#"{"u":97856816298,"s":"BTCUSDT","b":"64511.88000000","B":"0.47198000","a":"64511.89000000","A":"8.11666000"}"#;
    assert_eq!(items, from_json(json, &items));
    let [Item::Bbo(bbo)] = &items[..] else {
        panic!("{items:?}");
    };
    assert_eq!(bbo.header.seq, 97_856_816_298);
    assert_eq!((bbo.header.ts_venue, bbo.header.ts_send), (SENT, SENT));
}

#[test]
fn each_trade_of_a_message_is_that_of_json() {
    let mut bench = sbe();
    let items = decode(&mut bench, &bytes(TRADES)).unwrap();
    let json = |id: u64, qty: &str| {
        format!(
            r#"{{"e":"trade","E":1,"s":"BTCUSDT","t":{id},"p":"64511.89000000","q":"{qty}","T":1,"m":false,"M":true}}"#
        )
    };
    let expected = [
        from_json(&json(6_534_153_222, "0.00288000"), &items[..1]),
        from_json(&json(6_534_153_223, "0.00100000"), &items[1..]),
    ];
    assert_eq!(items, expected.concat());
    let Item::Trade(trade) = &items[0] else {
        panic!("{items:?}");
    };
    assert_eq!(trade.header.ts_send, SENT);
    assert_eq!(trade.header.ts_venue, SENT - 124_000, "the engine's time");
    let mut sold = bytes(TRADES);
    sold[32 + 24] = 1;
    let items = decode(&mut bench, &sold).unwrap();
    let sides: Vec<Side> = items
        .iter()
        .map(|item| match item {
            Item::Trade(trade) => trade.side,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sides, [Side::SELL, Side::BUY]);
}

#[test]
fn a_book_delta_is_that_of_json() {
    let mut bench = sbe();
    let items = decode(&mut bench, &bytes(DIFF)).unwrap();
    let json = r#"{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":157,"u":160,"b":[["64511.88000000","0.47198000"]],"a":[["64511.89000000","0.00000000"]]}"#;
    assert_eq!(items, from_json(json, &items));
    assert_eq!(
        levels(&bench, &items),
        [
            pairs(&[("64511.88", "0.47198")]),
            pairs(&[("64511.89", "0")])
        ]
    );
}

#[test]
fn a_partial_book_is_that_of_json() {
    let mut bench = sbe();
    let items = decode(&mut bench, &top()).unwrap();
    let json = r#"{"stream":"btcusdt@depth20","data":{"lastUpdateId":157,"bids":[["64511.88000000","0.47198000"]],"asks":[["64511.89000000","0.00000000"]]}}"#;
    assert_eq!(items, from_json(json, &items));
}

#[test]
fn prices_go_to_the_instruments_exponents_and_widen_them_where_they_are_finer() {
    let mut bench = sbe();
    let id = bench.instruments.add("BTCUSDT").unwrap();
    let known = bench.instruments.get_mut(id);
    (known.px_exp, known.qty_exp, known.declared) = (-2, -8, true);
    for (frame, at, px_exp) in [(bytes(BEST), 26, -2), (bytes(DIFF), 38, -2)] {
        let mut finer = frame.clone();
        finer[at] += 1;
        for (frame, expected) in [(frame, px_exp), (finer, -8)] {
            let items = decode(&mut bench, &frame).unwrap();
            let exps = match &items[..] {
                [Item::Bbo(bbo)] => (bbo.px_exp, bbo.qty_exp),
                [Item::Book { head, .. }] => (head.px_exp, head.qty_exp),
                other => panic!("{other:?}"),
            };
            assert_eq!(exps, (expected, -8));
        }
    }
    let mut coarse = bytes(DIFF);
    coarse[32] = 0xfe; // exponent -2 of the same mantissas
    let items = decode(&mut bench, &coarse).unwrap();
    assert_eq!(
        levels(&bench, &items)[0],
        pairs(&[("64511880000", "0.47198")])
    );
}

#[test]
fn numbers_that_no_record_holds_are_refused() {
    for (exp, expected) in [
        (0x80, Reject::NumberRange("bidPrice")),
        (0xed, Reject::NumberRange("bidPrice")),
        (0x13, Reject::NumberRange("bidPrice")),
        (0x7f, Reject::NumberRange("bidPrice")),
    ] {
        let mut frame = bytes(BEST);
        frame[24] = exp;
        assert_eq!(decode(&mut sbe(), &frame), Err(expected), "{exp:#x}");
    }
    let mut negative = bytes(BEST);
    negative[33] = 0xff;
    assert_eq!(
        decode(&mut sbe(), &negative),
        Err(Reject::Negative("bidPrice"))
    );
    let mut id = bytes(BEST);
    id[23] = 0xff;
    assert_eq!(
        decode(&mut sbe(), &id),
        Err(Reject::InvalidId("bookUpdateId"))
    );
    let mut time = bytes(BEST);
    time[15] = 0x7f;
    assert_eq!(
        decode(&mut sbe(), &time),
        Err(Reject::InvalidTime("eventTime"))
    );
    let mut side = bytes(TRADES);
    side[32 + 24] = 2;
    assert_eq!(
        decode(&mut sbe(), &side),
        Err(Reject::InvalidSide("isBuyerMaker"))
    );
}

#[test]
fn a_message_cut_anywhere_or_with_more_behind_is_refused() {
    for golden in goldens() {
        assert!(decode(&mut sbe(), &golden).is_ok());
        for length in 0..golden.len() {
            let rule = if length == 0 {
                Reject::Empty
            } else {
                Reject::Layout
            };
            assert_eq!(decode(&mut sbe(), &golden[..length]), Err(rule), "{length}");
        }
        let mut longer = golden;
        longer.push(0);
        assert_eq!(decode(&mut sbe(), &longer), Err(Reject::Layout));
    }
}

/// Where the lengths stand in the goldens, with their widths: blocks, groups, counts, symbol.
const LENGTHS: [&[(usize, usize)]; 4] = [
    &[(0, 2), (58, 1)],
    &[(0, 2), (26, 2), (28, 4), (82, 1)],
    &[(0, 2), (34, 2), (36, 2), (54, 2), (56, 2), (74, 1)],
    &[(0, 2), (26, 2), (28, 2), (46, 2), (48, 2), (66, 1)],
];

#[test]
fn every_other_value_of_every_length_is_refused() {
    for (golden, lengths) in goldens().iter().zip(LENGTHS) {
        for &(at, width) in lengths {
            let mut bench = sbe();
            let values = if width == 1 { 0x100_u32 } else { 0x1_0000 };
            for value in (0..values).chain([0x7fff_ffff, u32::MAX]) {
                let mut bent = golden.clone();
                bent[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
                if bent != *golden {
                    let outcome = decode(&mut bench, &bent);
                    assert_eq!(outcome, Err(Reject::Layout), "{value} at {at}");
                }
            }
        }
    }
}

#[test]
fn any_changed_byte_is_refused_or_gives_records_and_never_panics() {
    for golden in goldens() {
        for at in 0..golden.len() {
            for bit in 0..8 {
                let mut bent = golden.clone();
                bent[at] ^= 1 << bit;
                if let Ok(items) = decode(&mut sbe(), &bent) {
                    assert!(!items.is_empty(), "bit {bit} of byte {at}");
                }
            }
        }
    }
}

/// A message of a later version: `more` bytes behind the root block, each entry and the symbol.
fn grown(golden: &[u8], entries: &[usize], root: usize, entry: usize, more: usize) -> Vec<u8> {
    let mut frame = golden.to_vec();
    frame.extend(vec![0xaa; more]);
    let mut ends: Vec<usize> = entries.to_vec();
    ends.sort_unstable();
    for end in ends.into_iter().rev() {
        let filler = vec![0xaa; more];
        frame.splice(end..end, filler);
    }
    frame.splice(8 + root..8 + root, vec![0xaa; more]);
    frame[0] += u8::try_from(more).unwrap();
    frame[6] = 1;
    // The groups' entry lengths have moved with the root block.
    let heads: &[usize] = match golden[2] {
        0x10 => &[26],
        0x12 => &[26, 46],
        0x13 => &[34, 54],
        _ => &[],
    };
    for (passed, head) in heads.iter().enumerate() {
        let at = head + more * (1 + passed);
        assert_eq!(usize::from(frame[at]), entry, "{golden:?}");
        frame[at] += u8::try_from(more).unwrap();
    }
    frame
}

#[test]
fn messages_of_later_versions_say_the_same() {
    let ends: [&[usize]; 4] = [&[], &[57, 82], &[54, 74], &[46, 66]];
    let shape = [(50, 0), (18, 25), (26, 16), (18, 16)];
    for ((golden, ends), (root, entry)) in goldens().iter().zip(ends).zip(shape) {
        let expected = decode(&mut sbe(), golden).unwrap();
        for more in [1, 8] {
            let later = grown(golden, ends, root, entry, more);
            let outcome = decode(&mut sbe(), &later);
            assert_eq!(outcome.as_ref(), Ok(&expected), "{more} more");
        }
    }
    let mut shorter = bytes(BEST);
    (shorter[0], shorter[6]) = (49, 1);
    assert_eq!(decode(&mut sbe(), &shorter), Err(Reject::Layout));
}

#[test]
fn another_schema_is_refused_and_another_template_ignored_by_name() {
    let mut schema = bytes(BEST);
    schema[4] = 3;
    assert_eq!(decode(&mut sbe(), &schema), Err(Reject::UnknownShape));
    let mut template = bytes(BEST);
    template[2] = 0x14;
    let mut bench = sbe();
    let outcome = decode(&mut bench, &template);
    assert_eq!(outcome, Ok(vec![Item::Control(Control::Ignored)]));
    let drift: Vec<_> = bench.batch.drift.fields().collect();
    assert_eq!(drift, [("sbe", "template=10004", 1)]);
}

#[test]
fn the_symbol_decides_and_must_be_one_of_the_feeds() {
    let mut bench = sbe();
    bench.instruments = Instruments::new(SPOT, Admission::Named);
    bench.instruments.add("ETHUSDT").unwrap();
    let id = bench.instruments.add("BTCUSDT").unwrap();
    assert_eq!(
        decode(&mut bench, &bytes(BEST)).map(|items| match &items[..] {
            [Item::Bbo(bbo)] => bbo.header.instrument,
            other => panic!("{other:?}"),
        }),
        Ok(id)
    );
    let mut other = bytes(BEST);
    other[59] = b'X';
    assert_eq!(decode(&mut bench, &other), Err(Reject::UnknownInstrument));
    other[59] = 0xff;
    assert_eq!(decode(&mut bench, &other), Err(Reject::InvalidUtf8));
}

#[test]
fn a_connection_that_did_not_ask_for_binary_refuses_it() {
    assert_eq!(decode(&mut spot(), &bytes(BEST)), Err(Reject::Binary));
    let options = StreamOptions {
        encoding: Encoding::Sbe,
        ..StreamOptions::default()
    };
    let mut futures = Bench::new(USDM);
    futures.venue = Binance::new(USDM, options);
    assert_eq!(decode(&mut futures, &bytes(BEST)), Err(Reject::Binary));
}

#[test]
fn answers_on_a_binary_connection_are_text() {
    let mut bench = sbe();
    assert_eq!(
        bench.control(r#"{"result":null,"id":1}"#),
        answer(Some(1), None)
    );
    let items = bench.decode(r#"{"e":"serverShutdown","E":1770123456789123}"#);
    assert_eq!(items.map(|items| items.len()), Ok(2));
}
