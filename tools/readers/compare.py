"""Compares Parquet files with the journal's own dump, record by record and digit by digit.

usage: feedctl journal dump JOURNAL | compare.py PARQUET

Each reader (DuckDB through views.sql, Polars, pandas) turns every row into the form that the dump has;
then the two must be equal. Nothing passes through a binary fraction except the columns that are one,
and those must be what the decimal text is parsed to.
"""

import json
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas
import polars

TABLES = {
    "trade": "trades",
    "bbo": "bbo",
    "book_delta": "book_deltas",
    "book_snapshot": "book_snapshots",
    "ticker": "tickers",
    "candle": "candles",
    "liquidation": "liquidations",
    "orders_delta": "order_deltas",
    "orders_snapshot": "order_snapshots",
    "instrument": "instruments",
    "status": "status",
    "gap": "gaps",
}
FLAGS = ["last", "snapshot", "maybe_bad_book", "bad_ts_recv", "backfill", "checksum", "checkpoint", "late", "suspect"]
CONDITIONS = ["aggregate", "block", "rpi"]
LISTED_MAX = 20


def text(mantissa, exponent):
    """The exact number as the dump writes it: no exponent, no superfluous zeros."""
    if mantissa is None:
        return None
    value = Decimal(mantissa).scaleb(exponent)
    if value == 0:
        return "0"
    shown = format(value.normalize(), "f")
    return shown


def names(bits, of):
    return [name for at, name in enumerate(of) if bits >> at & 1]


def common(row):
    return {
        "symbol": row["symbol"],
        "ts_venue": row["ts_venue"],
        "ts_send": row["ts_send"],
        "ts_recv": row["ts_recv"],
        "ts_kernel": None if row["kernel_ns"] is None else row["ts_recv"] - row["kernel_ns"],
        "flags": names(row["flags"], FLAGS),
        "instrument": row["instrument"],
        "line": row["line"],
        "frame": row["frame"],
        "journal_seq": row["journal_seq"],
        "venue": row["venue"],
    }


def trade(row):
    return {
        "price": text(row["price_m"], row["price_exp"]),
        "qty": text(row["qty_m"], row["qty_exp"]),
        "side": row["side"],
        "id": str(row["id"]) if row["id"] is not None else row["id_text"],
        "seq": row["seq"],
        "first_id": row["first_id"],
        "last_id": row["last_id"],
        "conditions": names(row["conditions"], CONDITIONS),
    }


def bbo(row):
    side = lambda name, exp: text(row[name + "_m"], row[exp])
    return {
        "bid_price": side("bid_price", "price_exp"),
        "bid_qty": side("bid_qty", "qty_exp"),
        "ask_price": side("ask_price", "price_exp"),
        "ask_qty": side("ask_qty", "qty_exp"),
        "seq": row["seq"],
    }


def levels(row, side):
    pairs = zip(row[side + "_prices_m"], row[side + "_qtys_m"], strict=True)
    return [[text(px, row["price_exp"]), text(qty, row["qty_exp"])] for px, qty in pairs]


def book(row):
    return {
        "bids": levels(row, "bid"),
        "asks": levels(row, "ask"),
        "seq": row["seq"],
        "first_seq": row["first_seq"],
        "prev_seq": row["prev_seq"],
        "cross_seq": row["cross_seq"],
        "checksum": row["checksum"],
        "depth": row["depth"],
        "channel": row["channel"],
    }


def ticker(row):
    figures = zip(row["figure_names"], row["figures_m"], row["figures_exp"], strict=True)
    told = {name: text(mantissa, exponent) for name, mantissa, exponent in figures}
    return {"channel": row["channel"], "seq": row["seq"], **told}


def candle(row):
    number = lambda name, exp: text(row[name + "_m"], row[exp])
    return {
        "channel": row["channel"],
        "ts_open": row["ts_open"],
        "ts_close": row["ts_close"],
        **{name: number(name, "price_exp") for name in ["open", "high", "low", "close"]},
        **{name: number(name, "volume_exp") for name in ["volume", "taker_volume"]},
        **{name: number(name, "quote_exp") for name in ["quote_volume", "taker_quote_volume"]},
        "vwap": number("vwap", "vwap_exp"),
        "trades": row["trades"],
        "first_id": row["first_id"],
        "last_id": row["last_id"],
        "closed": row["closed"],
    }


def liquidation(row):
    return {
        "price": text(row["price_m"], row["price_exp"]),
        "qty": text(row["qty_m"], row["qty_exp"]),
        "side": row["side"],
        "avg_price": text(row["avg_price_m"], row["price_exp"]),
        "filled_qty": text(row["filled_qty_m"], row["qty_exp"]),
    }


def orders_of(row, side):
    columns = [row[f"{side}_{what}"] for what in ["ids", "actions", "prices_m", "qtys_m", "ts"]]
    px, qty = row["price_exp"], row["qty_exp"]
    return [[i, a, text(p, px), text(q, qty), t or None] for i, a, p, q, t in zip(*columns, strict=True)]


def orders(row):
    return {
        "bids": orders_of(row, "bid"),
        "asks": orders_of(row, "ask"),
        "checksum": row["checksum"],
        "depth": row["depth"],
    }


def instrument(row):
    return {
        **{name: row[name] for name in ["change", "base", "quote", "settle", "name", "state", "type", "right"]},
        "tick": text(row["tick_m"], row["price_exp"]),
        "lot": text(row["lot_m"], row["qty_exp"]),
        "price_exp": row["price_exp"],
        "qty_exp": row["qty_exp"],
        "expiry": row["expiry"],
        **{name: text(row[name + "_m"], row[name + "_exp"]) for name in ["contract_size", "strike", "multiplier"]},
        "generation": row["generation"],
    }


def status(row):
    return {name: row[name] for name in ["channel", "code", "text"]}


def gap(row):
    own = ["channel", "cause", "seq", "first_seq", "last_seq", "end", "ts_open", "ts_good", "missing"]
    return {name: row[name] for name in own}


FORMS = {
    "trade": trade,
    "bbo": bbo,
    "book_delta": book,
    "book_snapshot": book,
    "ticker": ticker,
    "candle": candle,
    "liquidation": liquidation,
    "orders_delta": orders,
    "orders_snapshot": orders,
    "instrument": instrument,
    "status": status,
    "gap": gap,
}


def by_duckdb(files):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute((files / "views.sql").read_text())

    def read(table):
        # Python's own datetime has microseconds: stamps are asked for as numbers.
        described = connection.execute(f"DESCRIBE {table}").fetchall()
        stamps = [name for name, kind, *_ in described if kind == "TIMESTAMP_NS"]
        replaced = ", ".join(f"epoch_ns({name}) AS {name}" for name in stamps)
        cursor = connection.execute(f"SELECT * REPLACE ({replaced}) FROM {table}")
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    return read


def by_polars(files):
    def read(table):
        frame = polars.read_parquet(files / table / "*" / "*" / "*.parquet", hive_partitioning=True)
        stamps = [name for name, kind in frame.schema.items() if kind == polars.Datetime("ns")]
        return frame.with_columns(polars.col(stamps).to_physical()).to_dicts()

    return read


def by_pandas(files):
    def read(table):
        # The default types turn integers with nulls into binary fractions; these do not.
        frame = pandas.read_parquet(files / table, dtype_backend="pyarrow")
        frame["venue"] = frame["venue"].astype("string")
        for name in frame.columns:
            if "timestamp" in str(frame[name].dtype):
                frame[name] = frame[name].astype("int64[pyarrow]")
        rows = frame.to_dict("records")
        return [{name: plain(value) for name, value in row.items()} for row in rows]

    return read


def plain(value):
    if value is None or value is pandas.NA:
        return None
    if hasattr(value, "tolist"):
        value = value.tolist()
    return value


READERS = {"duckdb": by_duckdb, "polars": by_polars, "pandas": by_pandas}


def expected(line):
    """The dump's object without what a row does not repeat."""
    kind = line.pop("kind")
    exchange, product = line.pop("venue"), line.pop("product")
    line["venue"] = f"{exchange}-{product}" if exchange else "none"
    return kind, line


def same(kind, ours, theirs):
    ours = dict(ours)
    if ours["symbol"] is None and theirs["symbol"] is not None:
        # The dump learns symbols from records only, the files from the roster, too.
        ours["symbol"] = theirs["symbol"]
    if kind not in ("trade", "bbo", "book_delta", "book_snapshot", "ticker", "gap"):
        ours.pop("seq", None)
    return ours == theirs


def fractions(row):
    """Each convenient column is the nearest fraction to its exact neighbour."""
    exps = {"volume": "volume_exp", "taker_volume": "volume_exp", "quote_volume": "quote_exp"}
    exps |= {"taker_quote_volume": "quote_exp", "vwap": "vwap_exp", "lot": "qty_exp"}
    for name, mantissa in row.items():
        near = name.removesuffix("_m")
        if near == name or near not in row or isinstance(mantissa, list):
            continue
        exp = exps.get(near) or (f"{near}_exp" if f"{near}_exp" in row else None)
        exp = exp or ("qty_exp" if "qty" in near else "price_exp")
        wanted = None if mantissa is None else float(text(mantissa, row[exp]))
        if row[near] != wanted:
            return f"{near} is {row[near]}, expected {wanted}"
    return None


def compare(reader, read, dump):
    problems, rows = [], 0
    for kind, lines in dump.items():
        seen = {}
        for row in read(TABLES[kind]):
            rows += 1
            seq = row["journal_seq"]
            if seq in seen:
                problems.append(f"{reader}: {kind} {seq} stands twice")
            seen[seq] = {**common(row), **FORMS[kind](row)}
            wrong = fractions(row)
            if wrong:
                problems.append(f"{reader}: {kind} {seq}: {wrong}")
        for seq in lines.keys() | seen.keys():
            ours, theirs = lines.get(seq), seen.get(seq)
            if ours is None or theirs is None or not same(kind, ours, theirs):
                problems.append(f"{reader}: {kind} {seq}:\n  journal {ours}\n  files   {theirs}")
    return rows, problems


def main():
    files = Path(sys.argv[1])
    dump = {}
    for line in sys.stdin:
        kind, fields = expected(json.loads(line))
        dump.setdefault(kind, {})[fields["journal_seq"]] = fields
    total = sum(map(len, dump.values()))
    failed = total == 0
    for reader, of in READERS.items():
        rows, problems = compare(reader, of(files), dump)
        failed |= bool(problems) or rows != total
        for problem in problems[:LISTED_MAX]:
            print(problem)
        kinds = " ".join(f"{kind}={len(lines)}" for kind, lines in sorted(dump.items()))
        verdict = "equal" if not problems else f"{len(problems)} problems"
        print(f"{reader}: {rows} of {total} records, {verdict} ({kinds})")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
