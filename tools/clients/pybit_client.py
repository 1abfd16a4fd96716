"""pybit: trades and its own merged order books.

Usage: pybit_client.py PRODUCT, a product of Bybit.
"""

import sys

import pybit._http_manager
import pybit.unified_trading

from verdict import Verdict, endpoint, positive, sound_book

SETTINGS = {
    # product: (book depth, symbol, what trades are asked for by)
    "bybit-spot": (50, "BTCUSDT", "BTCUSDT"),
    "bybit-linear": (200, "BTCUSDT", "BTCUSDT"),
    "bybit-inverse": (50, "BTCUSD", "BTCUSD"),
    "bybit-option": (25, "BTC-29MAR30-40000-C-USDT", "BTC"),
}


def main(product):
    ws_url, rest_url = endpoint(product)
    pybit.unified_trading.PUBLIC_WSS = f"{ws_url}/v5/public/{{CHANNEL_TYPE}}"
    pybit._http_manager.HTTP_URL = rest_url
    depth, symbol, traded = SETTINGS[product]
    streams = ["publicTrade", f"orderbook.{depth}"]
    verdict = Verdict("pybit", "pybit", product, streams)

    def on_trades(message):
        for trade in message["data"]:
            right = trade["s"].startswith(traded) and positive(trade["p"]) and positive(trade["v"])
            verdict.got(streams[0], right, trade)

    def on_book(message):
        book = message["data"]
        right = book["s"] == symbol and sound_book(book["b"], book["a"])
        verdict.got(streams[1], right, book)

    try:
        socket = pybit.unified_trading.WebSocket(
            testnet=False, channel_type=product.removeprefix("bybit-")
        )
        socket.trade_stream(traded, on_trades)
        socket.orderbook_stream(depth, symbol, on_book)
        verdict.wait()
    except Exception as error:  # whatever the client raises is the verdict
        verdict.fail(f"{type(error).__name__}: {error}")
    verdict.close()


main(sys.argv[1])
