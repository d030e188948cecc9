// Plain JavaScript, because on Node 20 a worker thread starts without the TypeScript loader of its parent.
import { parentPort, workerData } from "node:worker_threads";

const { stop, startNs, intervalMs } = workerData;
const sinceStartMs = () => Number(process.hrtime.bigint() - startNs) / 1e6;
// A sleeper wakes some 0.1 ms late (timer slack, see prctl(2)); that much is waited for awake, a fifth of the time at most.
const spinMs = Math.min(0.1, intervalMs / 5);

let due = 0;
while (Atomics.load(stop, 0) === 0) {
  const waitMs = due * intervalMs - sinceStartMs();
  if (waitMs > spinMs) Atomics.wait(stop, 0, 0, waitMs - spinMs);
  if (waitMs > 0) continue;
  // The last index that is due by now, plus one; after a late wake-up that may be several at once.
  due = Math.floor(sinceStartMs() / intervalMs) + 1;
  parentPort.postMessage(due);
}
