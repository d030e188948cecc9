// Plain JavaScript: a thread that strips types needs 22 ms more CPU time until it starts.
import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";

const { stop } = workerData;
parentPort.postMessage("ready");
const [{ startNs, intervalMs }] = await once(parentPort, "message");
const sinceStartMs = () => Number(process.hrtime.bigint() - startNs) / 1e6;
// A sleeping thread wakes about 0.1 ms late (timer slack, see prctl(2)). The loop spins for this time, at most a fifth of the interval.
const spinMs = Math.min(0.1, intervalMs / 5);

let due = 0;
while (Atomics.load(stop, 0) === 0) {
  const waitMs = due * intervalMs - sinceStartMs();
  if (waitMs > spinMs) Atomics.wait(stop, 0, 0, waitMs - spinMs);
  if (waitMs > 0) continue;
  // The number of beats due so far; a late wake-up may send several at once.
  due = Math.floor(sinceStartMs() / intervalMs) + 1;
  parentPort.postMessage(due);
}
