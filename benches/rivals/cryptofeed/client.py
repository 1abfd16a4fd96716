"""cryptofeed from the socket to the callback with its normalised event.

The latency harness calls it as it calls every rival (benches/src/latency/rival.rs). Of cryptofeed,
only the addresses are changed, by the class attributes that it has for them, and the table of
symbols, which it would else read from the venue's REST interface. It runs as its FeedHandler runs:
one process, one asyncio loop, uvloop.
"""

import argparse
import array
import asyncio
import os
import ssl
import time

from cryptofeed import FeedHandler
from cryptofeed.connection import WebsocketEndpoint
from cryptofeed.defines import L2_BOOK, TICKER, TRADES
from cryptofeed.exchanges import Binance, Bybit
from cryptofeed.symbols import Symbols

# Seconds of silence that end the run once everything came, and before.
DONE = 1
PATIENCE = 6
# Seconds until the exchange must have begun.
BEGIN = 20
# Seconds between two looks at what came.
LOOK = 0.25
# Both venues' simulated instruments are quoted in USDT.
QUOTE = "USDT"

VENUES = {
    "binance": (Binance, "", {"book": [TICKER]}),
    "bybit": (Bybit, "-PERP", {"trade": [TRADES], "book": [L2_BOOK], "mixed": [TRADES, L2_BOOK]}),
}


def options():
    parser = argparse.ArgumentParser()
    for name in ("url", "subscribe", "symbols", "venue", "channels", "out", "ca"):
        parser.add_argument(f"--{name}")
    for name in ("messages", "core"):
        parser.add_argument(f"--{name}", type=int)
    return parser.parse_args()


def point(exchange, asked, suffix):
    """Gives the exchange its address and its symbols; their normalised names."""
    context = ssl.create_default_context(cafile=asked.ca)
    line = {"ssl": context, "proxy": None, "compression": None}
    exchange.websocket_endpoints = [WebsocketEndpoint(asked.url, options=line)]
    exchange.rest_endpoints = []
    names = {
        f"{symbol.removesuffix(QUOTE)}-{QUOTE}{suffix}": symbol
        for symbol in asked.symbols.split(",")
    }
    Symbols.set(exchange.id, names, {})
    return list(names)


async def watch(stamps, messages, end):
    """Ends the run when nothing comes any more."""
    began = changed = time.monotonic()
    seen = 0
    while True:
        await asyncio.sleep(LOOK)
        now = time.monotonic()
        if len(stamps) != seen:
            seen, changed = len(stamps), now
        silence = now - changed
        if seen == 0:
            if now - began > BEGIN:
                end()
        elif silence > (DONE if seen >= messages else PATIENCE):
            end()


def main():
    asked = options()
    os.sched_setaffinity(0, {asked.core})
    exchange, suffix, channels = VENUES[asked.venue]
    names = point(exchange, asked, suffix)
    wanted = channels[asked.channels]
    stamps = array.array("q")

    async def event(_event, _receipt_timestamp):
        stamps.append(time.time_ns())

    def end():
        with open(asked.out, "wb") as out:
            stamps.tofile(out)
        os._exit(0)

    handler = FeedHandler(config={"uvloop": True, "log": {"disabled": True}})
    callbacks = {channel: event for channel in wanted}
    handler.add_feed(exchange(symbols=names, channels=wanted, callbacks=callbacks))
    # FeedHandler expects one, and this version of uvloop makes none by itself.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    watching = loop.create_task(watch(stamps, asked.messages, end))
    watching.add_done_callback(lambda _: os._exit(1))
    handler.run()


if __name__ == "__main__":
    main()
