// @binance/spot from npm, the venue's own library: trades, best bid and offer, book deltas.
//
// Usage: node binance_spot.mjs binance-spot

import { Verdict, endpoint, load, positive, soundLevels } from "./verdict.mjs";

const { Spot } = load("@binance/spot");
const symbol = "ETHUSDT";
const streams = ["trade", "bookTicker", "diffBookDepth"];
const verdict = new Verdict("@binance/spot", "binance-spot", streams);

function isRight(stream, data) {
  if (data.s !== symbol) return false;
  if (stream === "trade") return positive(data.p) && positive(data.q);
  if (stream === "bookTicker") return [data.b, data.B, data.a, data.A].every(positive);
  return BigInt(data.U) <= BigInt(data.u) && soundLevels(data.b, data.a);
}

const wsURL = endpoint("binance-spot").ws_url;
const client = new Spot({ configurationWebsocketStreams: { wsURL } });
const connection = await client.websocketStreams.connect({ mode: "single" }).catch((error) => verdict.fail(error));
for (const stream of streams) {
  const request = { symbol: symbol.toLowerCase() };
  if (stream === "diffBookDepth") request.updateSpeed = "100ms";
  connection[stream](request).on("message", (data) => verdict.got(stream, isRight(stream, data), data));
}
