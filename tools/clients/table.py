"""Prints the clients' lines as a Markdown table; ends with 1 if any client failed."""

import json
import sys

results = [json.loads(line) for line in sys.stdin]
print("| client | version | product | messages received | verdict |")
print("|---|---|---|---|---|")
for result in results:
    streams = ", ".join(f"{name} {count}" for name, count in result["streams"].items())
    cells = [result["client"], result["version"], result["product"], streams, result["verdict"]]
    print("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
failed = [result for result in results if result["verdict"] != "ok"]
print(f"\n{len(results) - len(failed)} of {len(results)} clients received what they asked for")
sys.exit(1 if failed or not results else 0)
