"""Runs every query of the Parquet page on real files in DuckDB: documentation that was tried.

usage: queries.py PARQUET PAGE
"""

import re
import sys
from pathlib import Path

import duckdb


def main():
    files, page = map(Path, sys.argv[1:])
    connection = duckdb.connect()
    connection.execute((files / "views.sql").read_text())
    blocks = re.findall(r"```sql\n(.*?)```", page.read_text(), re.DOTALL)
    text = "\n".join(line for block in blocks for line in block.splitlines() if not line.startswith(".read"))
    queries = [query.strip() for query in text.split(";") if query.strip()]
    for query in queries:
        rows = connection.execute(query).fetchall()
        print(f"query: {len(rows)} rows: {query.splitlines()[0]}")
    if not queries:
        sys.exit("no query found")


if __name__ == "__main__":
    main()
