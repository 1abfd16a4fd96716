// binance from npm: aggregate trades, best bid and offer, book deltas.
//
// Usage: node binance_npm.mjs PRODUCT, a product of Binance.

import { Verdict, endpoint, load, positive, quiet, soundLevels } from "./verdict.mjs";

const { WebsocketClient } = load("binance");
const product = process.argv[2];
const symbol = product === "binance-coinm" ? "BTCUSD_PERP" : "BTCUSDT";
// The library's names of connections; it knows their paths. USD-M has one for each kind of stream.
const groups = {
  "binance-spot": { main: ["aggTrade", "bookTicker", "depth@100ms"] },
  "binance-usdm": { usdmMarket: ["aggTrade"], usdmPublic: ["bookTicker", "depth@100ms"] },
  "binance-coinm": { coinm: ["aggTrade", "bookTicker", "depth@100ms"] },
}[product];
const verdict = new Verdict("binance", product, Object.values(groups).flat());

function isRight(stream, data) {
  if (data.s !== symbol) return false;
  if (stream === "aggTrade") return positive(data.p) && positive(data.q);
  if (stream === "bookTicker") return [data.b, data.B, data.a, data.A].every(positive);
  return data.U <= data.u && soundLevels(data.b, data.a);
}

const prefix = `${symbol.toLowerCase()}@`;
const client = new WebsocketClient({ wsUrl: endpoint(product).ws_url, beautify: false }, quiet);
client.on("exception", (error) => verdict.fail(JSON.stringify(error)));
client.on("message", (data) => {
  const stream = data.streamName?.replace(prefix, "");
  if (stream in verdict.counts) verdict.got(stream, isRight(stream, data), data);
});
for (const [key, streams] of Object.entries(groups)) {
  client.subscribe(streams.map((stream) => prefix + stream), key);
}
