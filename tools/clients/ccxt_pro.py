"""ccxt.pro: trades and order books by `watch_*`, markets by REST.

Usage: ccxt_pro.py PRODUCT, one of the keys of `SETTINGS`.
"""

import asyncio
import sys

import ccxt.pro

from verdict import Verdict, endpoint, positive, sound_book

SETTINGS = {
    # product: (exchange class, market type in ccxt, symbol in ccxt)
    "binance-spot": ("binance", "spot", "BTC/USDT"),
    "bybit-spot": ("bybit", "spot", "BTC/USDT"),
    "bybit-linear": ("bybit", "linear", "BTC/USDT:USDT"),
    "kraken-spot": ("kraken", "spot", "BTC/USD"),
    "kraken-futures": ("krakenfutures", "swap", "BTC/USD:USD"),
}


def point(exchange, product, market_type):
    """Replaces the venue's hosts by the simulator's."""
    ws_url, rest_url = endpoint(product)
    api = exchange.urls["api"]
    if product.startswith("binance"):
        api.update(public=f"{rest_url}/api/v3", private=f"{rest_url}/api/v3", v1=f"{rest_url}/api/v1")
        api["ws"][market_type] = f"{ws_url}/ws"
    elif product.startswith("bybit"):
        api.update(dict.fromkeys(("spot", "futures", "v2", "public", "private"), rest_url))
        api["ws"]["public"][market_type] = f"{ws_url}/v5/public/{market_type}"
    elif product == "kraken-spot":
        api.update(public=rest_url, private=rest_url)
        api["ws"]["publicV2"] = f"{ws_url}/v2"
    else:
        api.update(
            public=f"{rest_url}/derivatives/api/",
            history=f"{rest_url}/api/history/",
            charts=f"{rest_url}/api/charts/",
            feeschedules=f"{rest_url}/api/feeschedules/",
            ws=f"{ws_url}/ws/v1",
        )
    if "fetchMarkets" in exchange.options:
        exchange.options["fetchMarkets"]["types"] = [market_type]


async def trades(exchange, symbol, verdict):
    while not verdict.is_settled():
        for trade in await exchange.watch_trades(symbol):
            right = (
                trade["symbol"] == symbol
                and positive(trade["price"])
                and positive(trade["amount"])
                and trade["side"] in ("buy", "sell")
                and trade["timestamp"]
            )
            verdict.got("trades", right, trade)


async def books(exchange, symbol, verdict):
    while not verdict.is_settled():
        book = await exchange.watch_order_book(symbol)
        right = book["symbol"] == symbol and sound_book(book["bids"], book["asks"])
        verdict.got("order book", right, {"bids": book["bids"][:2], "asks": book["asks"][:2]})


async def main(product):
    name, market_type, symbol = SETTINGS[product]
    verdict = Verdict("ccxt.pro", "ccxt", product, ["trades", "order book"])
    exchange = getattr(ccxt.pro, name)()
    point(exchange, product, market_type)
    try:
        await exchange.load_markets()
        both = asyncio.gather(
            trades(exchange, symbol, verdict), books(exchange, symbol, verdict)
        )
        await asyncio.wait_for(both, verdict.left())
    except asyncio.TimeoutError:
        pass
    except Exception as error:  # whatever the client raises is the verdict
        verdict.fail(f"{type(error).__name__}: {error}")
    verdict.close()


asyncio.run(main(sys.argv[1]))
