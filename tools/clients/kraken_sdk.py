"""python-kraken-sdk: trades, and its order book client, which recomputes every checksum."""

import asyncio

from kraken.spot import SpotClient, SpotOrderBookClient, SpotWSClient
from kraken.spot.websocket import SpotWSClientBase

from verdict import Verdict, endpoint, positive, sound_book

SYMBOL = "BTC/USD"
DEPTH = 10


def book_client(verdict):
    """A book client whose own doubts are the verdict."""

    def take(pair, message):
        if "error" in message:
            verdict.fail(message["error"])
            return
        book = client.get(pair=pair)
        sides = [list(book[side].items()) for side in ("bid", "ask")]
        right = pair == SYMBOL and book["valid"] and sound_book(*sides)
        verdict.got("book, checksums", right, message)

    client = SpotOrderBookClient(depth=DEPTH, callback=take)
    return client


def trade_client(ws_url, rest_url, verdict):
    async def take(message):
        if message.get("channel") == "trade":
            for trade in message["data"]:
                right = trade["symbol"] == SYMBOL and positive(trade["price"]) and positive(trade["qty"])
                verdict.got("trade", right, trade)

    return SpotWSClient(callback=take, ws_url=ws_url, rest_url=rest_url)


async def main():
    ws_url, rest_url = endpoint("kraken-spot")
    # The order book client has no argument for them.
    SpotWSClientBase.WS_URL = ws_url
    SpotClient.URL = rest_url
    verdict = Verdict(
        "python-kraken-sdk", "python-kraken-sdk", "kraken-spot", ["trade", "book, checksums"]
    )
    try:
        trades, book = trade_client(ws_url, rest_url, verdict), book_client(verdict)
        await trades.start()
        await book.start()
        await trades.subscribe(params={"channel": "trade", "symbol": [SYMBOL]})
        await book.add_book(pairs=[SYMBOL])
        while not verdict.is_settled():
            if trades.exception_occur or book.exception_occur:
                verdict.fail("the client gave up")
            await asyncio.sleep(1 / 20)
    except Exception as error:  # whatever the client raises is the verdict
        verdict.fail(f"{type(error).__name__}: {error}")
    verdict.close()


asyncio.run(main())
