// Plain JavaScript, because on Node 20 a worker thread starts without the TypeScript loader of its parent.
import { parentPort, workerData } from "node:worker_threads";

const { stop, startNs, intervalMs } = workerData;
const sinceStartMs = () => Number(process.hrtime.bigint() - startNs) / 1e6;

let due = 0;
while (Atomics.load(stop, 0) === 0) {
  const waitMs = due * intervalMs - sinceStartMs();
  if (waitMs > 0) {
    Atomics.wait(stop, 0, 0, waitMs);
    continue;
  }
  // The last index that is due by now, plus one; after a late wake-up that may be several at once.
  due = Math.floor(sinceStartMs() / intervalMs) + 1;
  parentPort.postMessage(due);
}
