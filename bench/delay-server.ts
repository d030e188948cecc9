import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { seededRandom } from "../measure/random.ts";

/** When the server received a request and when it responded, in epoch ms. */
export interface Served {
  arrivedMs: number;
  answeredMs: number;
}

const nowMs = () => performance.timeOrigin + performance.now();
const stallEveryMs = 5000;
const stallMs = 100;

// A known latency distribution: 8 … 12 ms, 30 ms for one request in 20, 80 ms for one in 200, and every five seconds a stall
// of 100 ms without any response.
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
  const record: Served = { arrivedMs: nowMs(), answeredMs: 0 };
  served.push(record);
  setTimeout(() => {
    response.setHeader("content-type", "application/json").end('{"ok":true}');
    record.answeredMs = nowMs();
  }, delayMs());
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("message", () => {
  process.send?.(served.splice(0));
});
