"""unicorn-binance-websocket-api: one combined connection with four kinds of streams."""

import json

from unicorn_binance_websocket_api import BinanceWebSocketApiManager

from verdict import Verdict, endpoint, positive

SYMBOL = "ETHUSDT"
STREAMS = ["trade", "aggTrade", "bookTicker", "depth@100ms"]


def is_right(stream, data):
    """Whether the fields that this kind of stream is made of are sound."""
    if data["s"] != SYMBOL:
        return False
    if stream == "bookTicker":
        return all(positive(data[key]) for key in "bBaA")
    if stream == "depth@100ms":
        return data["U"] <= data["u"] and all(positive(level[0]) for level in data["b"] + data["a"])
    return positive(data["p"]) and positive(data["q"])


def main():
    ws_url, rest_url = endpoint("binance-spot")
    verdict = Verdict("unicorn", "unicorn-binance-websocket-api", "binance-spot", STREAMS)

    def take(text):
        message = json.loads(text)
        _, _, stream = message.get("stream", "").partition("@")
        if stream in STREAMS:
            verdict.got(stream, is_right(stream, message["data"]), message)

    manager = BinanceWebSocketApiManager(
        process_stream_data=take,
        exchange="binance.com",
        warn_on_update=False,
        websocket_base_uri=f"{ws_url}/",
        restful_base_uri=f"{rest_url}/",
    )
    manager.create_stream(channels=STREAMS, markets=[SYMBOL.lower()])
    verdict.wait()
    verdict.close()


main()
