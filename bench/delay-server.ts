import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { seededRandom } from "../measure/random.ts";

/** What the server tells of each request, in epoch ms: when it came, when it was answered. */
export type Served = { arrivedMs: number; answeredMs: number };

const nowMs = () => performance.timeOrigin + performance.now();
const stallEveryMs = 5000;
const stallMs = 100;

// A latency distribution that is known because it is made here: 8 … 12 ms, one in 20 30 ms, one in 200 80 ms, and every
// five seconds a stall in which nothing is answered for 100 ms.
const random = seededRandom(7);
const served: Served[] = [];
const startedMs = nowMs();

function delayMs(): number {
  const drawn = random();
  const own = drawn < 0.005 ? 80 : drawn < 0.055 ? 30 : 8 + 4 * random();
  const intoPeriod = (nowMs() - startedMs) % stallEveryMs;
  return intoPeriod < stallMs ? Math.max(own, stallMs - intoPeriod) : own;
}

const server = createServer((request, response) => {
  request.resume();
  const one: Served = { arrivedMs: nowMs(), answeredMs: 0 };
  served.push(one);
  setTimeout(() => {
    response.setHeader("content-type", "application/json").end('{"ok":true}');
    one.answeredMs = nowMs();
  }, delayMs());
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("message", () => {
  process.send?.(served.splice(0));
});
