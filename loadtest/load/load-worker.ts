import { once } from "node:events";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { parentPort, threadId, workerData } from "node:worker_threads";
import { seededRandom } from "../../measure/random.ts";
import type { SecondOfLoad } from "../report/schema/scenario.ts";
import { driveClosedModel } from "./closed-model.ts";
import { driveFixedRate } from "./fixed-rate.ts";
import type { LoadMessage } from "./load.ts";
import type { LoadOptions } from "./load-result.ts";
import { type PlannedRequest, requestSource } from "./scenarios.ts";
import { Tally } from "./tally.ts";

const options = workerData as LoadOptions;
const port = parentPort;
if (!port) throw new Error("load-worker.ts runs as a worker thread of load.ts");
const post = (message: LoadMessage) => port.postMessage(message);

const lagResolutionMs = 5;
const tally = new Tally();
const seconds: SecondOfLoad[] = [];
const lag = monitorEventLoopDelay({ resolution: lagResolutionMs });
let phase: "warmup" | "measured" | "finished" = options.warmupSeconds > 0 ? "warmup" : "measured";
let interrupted = false;

// All threads start at the same time, after the slowest has loaded its modules.
post({ type: "ready" });
const [first] = (await once(port, "message")) as ["start" | "stop"];
const startMs = performance.now() + options.warmupSeconds * 1000;
const startedAt = performance.timeOrigin + startMs;
let endMs = startMs + options.durationSeconds * 1000;
let measuredMs = 0;
let busyFrom = performance.eventLoopUtilization();
let secondFromMs = performance.now();

const drive = options.rate === undefined ? driveClosedModel : driveFixedRate;
const driver = drive({
  options,
  tally,
  nextRequest: requests(),
  counts: (ms) => ms >= startMs && ms < endMs,
  measuredFromMs: startMs,
});
if (phase === "measured") lag.enable();

function requests(): () => PlannedRequest {
  const { scenario, users, seed, withoutGateway } = options;
  const next = requestSource(scenario, users, seededRandom(seed), `load-${process.pid}-${threadId}`);
  if (!withoutGateway) return next;
  return () => {
    const request = next();
    return { ...request, path: request.path.replace(/^\/api/, "") };
  };
}

let ticker = setInterval(endSecond, 1000);

function endSecond(): void {
  const nowMs = performance.now();
  const stats = tally.endSecond(Math.round((nowMs - startMs) / 100) / 10, (nowMs - secondFromMs) / 1000);
  secondFromMs = nowMs;
  if (phase === "measured") seconds.push(stats);
  post({ type: "second", warmup: phase === "warmup", stats });
}

function endMeasuring(): void {
  if (phase === "finished") return;
  clearTimeout(end);
  clearInterval(ticker);
  // The last tick and the end coincide. A run that was stopped has a part of a second left; a short part is not plotted.
  if (phase === "measured" && performance.now() - secondFromMs > 500) endSecond();
  measuredMs = Math.max(0, performance.now() - startMs);
  phase = "finished";
  lag.disable();
  endMs = Math.min(endMs, performance.now());
  driver.endSchedule(endMs);
  const busy = performance.eventLoopUtilization(busyFrom).utilization;
  const backlog = driver.backlog();
  // Waits for the responses of counted requests. Load that is not counted continues during that time.
  const earliestMs = performance.now() + 50;
  const latestMs = performance.now() + (interrupted ? 500 : options.timeoutSeconds * 1000 + 200);
  const drain = setInterval(() => {
    const nowMs = performance.now();
    const open = nowMs < earliestMs || tally.outstanding > 0 || driver.backlog() > 0;
    if (open && nowMs < latestMs) return;
    clearInterval(drain);
    void finish(busy, backlog);
  }, 10);
}

async function finish(utilization: number, backlog: number): Promise<void> {
  tally.errors.unfinished = tally.outstanding;
  const failed = tally.failed;
  const failedAtSeconds = tally.failedAt.map((ms) => (ms - startMs) / 1000);
  const lateP99Ms = driver.lateP99Ms();
  const notSent = await driver.stop();
  post({
    type: "done",
    histogram: tally.latency.encode(),
    result: {
      scenario: options.scenario.name,
      model: options.rate === undefined ? "closed" : "fixed rate",
      offeredPerSecond: options.rate ?? null,
      startedAt,
      durationSeconds: measuredMs / 1000,
      connections: options.connections,
      sent: tally.sent,
      completed: tally.completed,
      failed,
      errors: tally.errors,
      failedAtSeconds,
      resent: tally.resent,
      notSent,
      requestsPerSecond: measuredMs > 0 ? tally.completed / (measuredMs / 1000) : 0,
      seconds,
      generator: {
        threads: 1,
        utilization,
        lagP99Ms: lag.exceeds + lag.max > 0 ? Math.max(0, lag.percentile(99) / 1e6 - lagResolutionMs) : 0,
        lateP99Ms,
        backlog,
      },
      interrupted,
    },
  });
  port?.close();
}

if (phase === "warmup") {
  setTimeout(() => {
    if (phase === "finished") return;
    clearInterval(ticker);
    endSecond();
    phase = "measured";
    ticker = setInterval(endSecond, 1000);
    busyFrom = performance.eventLoopUtilization();
    lag.enable();
  }, startMs - performance.now());
}
const end = setTimeout(endMeasuring, endMs - performance.now());
const stop = () => {
  interrupted = true;
  endMeasuring();
};
port.on("message", stop);
if (first === "stop") stop();
