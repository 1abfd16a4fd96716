// bybit-api from npm: trades and order book messages.
//
// Usage: node bybit_api.mjs PRODUCT, a product of Bybit that trades BTCUSDT.

import { Verdict, endpoint, load, positive, quiet, soundLevels } from "./verdict.mjs";

const { WebsocketClient } = load("bybit-api");
const [product, symbol] = [process.argv[2], "BTCUSDT"];
const category = product.replace("bybit-", "");
const streams = ["publicTrade", "orderbook.50"];
const verdict = new Verdict("bybit-api", product, streams);

function isRight(stream, data) {
  if (stream === "publicTrade") {
    return data.every((trade) => trade.s === symbol && positive(trade.p) && positive(trade.v));
  }
  return data.s === symbol && soundLevels(data.b, data.a);
}

const wsUrl = `${endpoint(product).ws_url}/v5/public/${category}`;
const client = new WebsocketClient({ market: "v5", wsUrl }, quiet);
client.on("exception", (error) => verdict.fail(JSON.stringify(error)));
client.on("update", ({ topic, data }) => {
  const stream = topic.replace(`.${symbol}`, "");
  verdict.got(stream, isRight(stream, data), data);
});
client.subscribeV5(streams.map((stream) => `${stream}.${symbol}`), category);
