// Preloaded into the load test: its second load thread ends before it is ready.
import { isMainThread, workerData } from "node:worker_threads";

if (!isMainThread && workerData?.scenario && workerData.seed % 2 === 0) process.exit(7);
