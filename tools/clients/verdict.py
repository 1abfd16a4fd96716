"""What a client program has to tell: messages by stream, and the first thing that was wrong.

A program is told by its environment where the simulated venues are (`SIM_ENDPOINTS`, one JSON
object a line, as `feedctl sim --json` prints them), how many messages of each stream it has to
receive (`SIM_MESSAGES`) and how long it may take (`SIM_SECONDS`). It prints one JSON line and ends
with 0 if every stream came, else with 1.

Values are compared loosely: the client's own parsing is what is under test. Numbers are read as
decimals from the text that the client hands out.
"""

import json
import os
import sys
import threading
import time
from decimal import Decimal, InvalidOperation
from importlib.metadata import version

MESSAGES = int(os.environ["SIM_MESSAGES"])
SECONDS = int(os.environ["SIM_SECONDS"])


def endpoint(product):
    """WebSocket and REST base URLs of a simulated product."""
    with open(os.environ["SIM_ENDPOINTS"], encoding="utf-8") as lines:
        for line in lines:
            found = json.loads(line)
            if found["product"] == product:
                return found["ws_url"], found["rest_url"]
    sys.exit(f"{product} is not simulated")


def positive(value):
    """Whether `value`, a number or its text, is above zero."""
    try:
        return Decimal(str(value)) > 0
    except InvalidOperation:
        return False


def sound_book(bids, asks):
    """Whether both sides hold positive prices and the best bid is below the best ask.

    Levels are `[price, quantity, ...]`; deltas are not whole books and are not for this.
    """
    if not bids or not asks:
        return False
    prices = [level[0] for level in (*bids, *asks)]
    best_bid = max(Decimal(str(level[0])) for level in bids)
    best_ask = min(Decimal(str(level[0])) for level in asks)
    return all(map(positive, prices)) and best_bid < best_ask


class Verdict:
    """Counts messages of the streams that must come; the first wrong one decides."""

    def __init__(self, client, package, product, streams):
        self.told = {"client": client, "version": version(package), "product": product}
        self.counts = dict.fromkeys(streams, 0)
        self.wrong = None
        self.lock = threading.Lock()
        self.end = time.monotonic() + SECONDS

    def got(self, stream, right, what):
        """Takes a message; `right` is whether its values are, `what` is shown if not."""
        with self.lock:
            self.counts[stream] += 1
            if not right and self.wrong is None:
                self.wrong = f"{stream}: {str(what)[:200]}"

    def fail(self, what):
        """The client itself complained."""
        with self.lock:
            self.wrong = self.wrong or str(what)[:200]

    def is_settled(self):
        """Whether there is nothing to wait for any more."""
        full = all(count >= MESSAGES for count in self.counts.values())
        return full or self.wrong is not None or self.left() <= 0

    def left(self):
        """Seconds until the time is over."""
        return self.end - time.monotonic()

    def wait(self):
        """Waits until it is settled: for clients that call back from threads."""
        while not self.is_settled():
            time.sleep(1 / 20)

    def close(self):
        """Prints the line and ends the program at once: some clients' threads do not end."""
        if self.wrong is None and any(count < MESSAGES for count in self.counts.values()):
            self.wrong = f"fewer than {MESSAGES} messages in {SECONDS} s"
        told = {**self.told, "streams": self.counts, "verdict": self.wrong or "ok"}
        print(json.dumps(told), flush=True)
        os._exit(0 if self.wrong is None else 1)
