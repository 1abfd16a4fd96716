// bybit-api from npm: trades and order book messages of one product of Bybit.
//
// Usage: node bybit_api.mjs PRODUCT. The environment and what is printed: see verdict.py.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// The package lies in the environment that the script made, not beside this file.
const require = createRequire(process.env.SIM_NODE_MODULES);
const { WebsocketClient } = require("bybit-api");
const { version } = require("bybit-api/package.json");

const messages = Number(process.env.SIM_MESSAGES);
const seconds = Number(process.env.SIM_SECONDS);
const product = process.argv[2];
const category = product.replace("bybit-", "");
const symbol = "BTCUSDT";
const topics = [`publicTrade.${symbol}`, `orderbook.50.${symbol}`];
const streams = Object.fromEntries(topics.map((topic) => [topic.replace(`.${symbol}`, ""), 0]));
let wrong = null;

const endpoints = readFileSync(process.env.SIM_ENDPOINTS, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const { ws_url: wsUrl } = endpoints.find((endpoint) => endpoint.product === product);

const positive = (text) => Number(text) > 0;
const rightTrades = (trades) =>
  trades.every((trade) => trade.s === symbol && positive(trade.p) && positive(trade.v));
const rightBook = (book) =>
  book.s === symbol && [...book.b, ...book.a].every(([price, size]) => positive(price) && Number(size) >= 0);

function close() {
  if (wrong === null && Object.values(streams).some((count) => count < messages)) {
    wrong = `fewer than ${messages} messages in ${seconds} s`;
  }
  console.log(JSON.stringify({ client: "bybit-api", version, product, streams, verdict: wrong ?? "ok" }));
  process.exit(wrong === null ? 0 : 1);
}

const quiet = Object.fromEntries(["trace", "info", "error"].map((level) => [level, () => {}]));
const client = new WebsocketClient({ market: "v5", wsUrl: `${wsUrl}/v5/public/${category}` }, quiet);
client.on("update", (message) => {
  const stream = message.topic.replace(`.${symbol}`, "");
  streams[stream] += 1;
  const right = stream === "publicTrade" ? rightTrades(message.data) : rightBook(message.data);
  if (!right) wrong ??= `${stream}: ${JSON.stringify(message).slice(0, 200)}`;
  if (wrong !== null || Object.values(streams).every((count) => count >= messages)) close();
});
client.on("exception", (error) => {
  wrong ??= `exception: ${JSON.stringify(error).slice(0, 200)}`;
  close();
});
client.subscribeV5(topics, category);
setTimeout(close, seconds * 1000);
