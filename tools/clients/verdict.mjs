// What a client program from npm has to tell; the environment and what is printed are those of
// verdict.py.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

// The packages lie in the environment that the script made, not beside these files.
export const load = createRequire(process.env.SIM_NODE_MODULES);

const messages = Number(process.env.SIM_MESSAGES);
const seconds = Number(process.env.SIM_SECONDS);

// WebSocket and REST base URLs of a simulated product.
export function endpoint(product) {
  const lines = readFileSync(process.env.SIM_ENDPOINTS, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line)).find((found) => found.product === product);
}

// Whether a decimal text is above zero.
export const positive = (text) => Number(text) > 0;

// Whether both sides are levels of positive prices; quantity 0 removes a level of a delta.
export const soundLevels = (...sides) =>
  sides.flat().every(([price, quantity]) => positive(price) && Number(quantity) >= 0);

// What a client's logger must have, saying nothing.
export const quiet = { trace() {}, info() {}, error() {} };

// Counts messages of the streams that must come; the first wrong one decides.
export class Verdict {
  constructor(client, product, streams) {
    const path = join(dirname(process.env.SIM_NODE_MODULES), "node_modules", client, "package.json");
    const { version } = JSON.parse(readFileSync(path, "utf8"));
    this.told = { client, version, product };
    this.counts = Object.fromEntries(streams.map((stream) => [stream, 0]));
    this.wrong = null;
    setTimeout(() => this.close(), seconds * 1000);
  }

  got(stream, right, what) {
    this.counts[stream] += 1;
    if (!right) this.fail(`${stream}: ${JSON.stringify(what)}`);
    if (Object.values(this.counts).every((count) => count >= messages)) this.close();
  }

  // The client itself complained.
  fail(what) {
    this.wrong ??= String(what).slice(0, 200);
    this.close();
  }

  close() {
    if (Object.values(this.counts).some((count) => count < messages)) {
      this.wrong ??= `fewer than ${messages} messages in ${seconds} s`;
    }
    console.log(JSON.stringify({ ...this.told, streams: this.counts, verdict: this.wrong ?? "ok" }));
    process.exit(this.wrong === null ? 0 : 1);
  }
}
