"""python-binance: a trade socket and its own depth cache, which checks the update ids."""

import asyncio

from binance import AsyncClient, BinanceSocketManager, DepthCacheManager

from verdict import Verdict, endpoint, positive, sound_book

SYMBOL = "BTCUSDT"


async def trades(manager, verdict):
    async with manager.trade_socket(SYMBOL) as socket:
        while not verdict.is_settled():
            trade = await socket.recv()
            right = trade.get("s") == SYMBOL and positive(trade["p"]) and positive(trade["q"])
            verdict.got("trade", right, trade)


async def books(client, verdict):
    async with DepthCacheManager(client, symbol=SYMBOL, ws_interval=100) as cache:
        while not verdict.is_settled():
            book = await cache.recv()
            if isinstance(book, dict):
                verdict.fail(book)
            elif book:
                right = book.symbol == SYMBOL and sound_book(book.get_bids()[:5], book.get_asks()[:5])
                verdict.got("depth cache", right, (book.get_bids()[:2], book.get_asks()[:2]))


async def main():
    ws_url, rest_url = endpoint("binance-spot")
    AsyncClient.API_URL = f"{rest_url}/api"
    BinanceSocketManager.STREAM_URL = f"{ws_url}/"
    verdict = Verdict("python-binance", "python-binance", "binance-spot", ["trade", "depth cache"])
    try:
        client = await AsyncClient.create()
        both = asyncio.gather(
            trades(BinanceSocketManager(client), verdict), books(client, verdict)
        )
        await asyncio.wait_for(both, verdict.left())
    except asyncio.TimeoutError:
        pass
    except Exception as error:  # whatever the client raises is the verdict
        verdict.fail(f"{type(error).__name__}: {error}")
    verdict.close()


asyncio.run(main())
