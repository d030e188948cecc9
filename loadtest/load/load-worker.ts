import { once } from "node:events";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, threadId, workerData } from "node:worker_threads";
import { Pacer } from "../../measure/pacer.ts";
import { seededRandom } from "../../measure/random.ts";
import type { SecondOfLoad } from "../report/schema/scenario.ts";
import { driveClosedModel } from "./closed-model.ts";
import { driveFixedRate } from "./fixed-rate.ts";
import type { LoadMessage, StartMessage } from "./load.ts";
import type { ThreadOptions } from "./load-result.ts";
import { openSessions } from "./open-sessions.ts";
import { RequestFiles } from "./request-files.ts";
import { hasSessions, requestSource, type SourceContext, stepSources } from "./scenarios.ts";
import { SessionSteps } from "./session-steps.ts";
import { Tally } from "./tally.ts";

const options = workerData as ThreadOptions;
const port = parentPort;
if (!port) throw new Error("load-worker.ts runs as a worker thread of load.ts");
const post = (message: LoadMessage) => port.postMessage(message);

const lagResolutionMs = 5;
/** A shorter part of a second, at the end of the warm-up or of the load, is not plotted. */
const shortestPartMs = 500;
const seconds: SecondOfLoad[] = [];
const lag = monitorEventLoopDelay({ resolution: lagResolutionMs });
let phase: "warmup" | "measured" | "finished" = options.warmupSeconds > 0 ? "warmup" : "measured";
let interrupted = false;

const pacer = options.rate === undefined ? undefined : await Pacer.prepare();
const firstMessage = once(port, "message") as Promise<[StartMessage | "stop"]>;
const random = seededRandom(options.seed);
const context: SourceContext = { ...options, random, files: new RequestFiles() };
const idPrefix = `load-${process.pid}-${threadId}`;
const nextRequest = requestSource(options.scenario, context, idPrefix);
const renewal = hasSessions(options.scenario)
  ? new SessionSteps(stepSources(options.scenario, context, idPrefix), options, reportProblem)
  : undefined;
const connections = renewal && (await openSessions(options, renewal, firstMessage));
// All threads start at the same time, after the slowest has loaded its modules and begun its sessions.
post({ type: "ready" });
const [first] = await firstMessage;
const loadFromMs = first === "stop" ? performance.now() : first.atMs - performance.timeOrigin;
const startMs = loadFromMs + options.warmupSeconds * 1000;
const startedAt = performance.timeOrigin + startMs;
let endMs = startMs + options.durationSeconds * 1000;
let measuredMs = 0;
// A fixed rate has a schedule. Requests of the closed model before the start would be neither of the warm-up nor counted.
if (options.rate === undefined) await sleep(Math.max(0, Math.ceil(loadFromMs - performance.now())));
let busyFrom = performance.eventLoopUtilization();
let secondFromMs = performance.now();

const isMeasured = (ms: number) => ms >= startMs && ms < endMs;
const tally = new Tally(options.timeoutSeconds * 1000, isMeasured);
const drive = options.rate === undefined ? driveClosedModel : driveFixedRate;
const driver = drive({
  options,
  tally,
  nextRequest,
  counts: isMeasured,
  measuredFromMs: startMs,
  pacer,
  connections,
  renewal,
});
if (phase === "measured") lag.enable();

/** After the end, connections close while sessions may begin again. */
function reportProblem(text: string): void {
  if (phase !== "finished") post({ type: "problem", text });
}

let ticker = setInterval(endSecond, 1000);

function endSecond(): void {
  const nowMs = performance.now();
  const stats = tally.endSecond(Math.round((nowMs - startMs) / 100) / 10, (nowMs - secondFromMs) / 1000);
  const isPart = nowMs - secondFromMs < shortestPartMs;
  secondFromMs = nowMs;
  if (isPart) return;
  if (phase === "measured") seconds.push(stats);
  post({ type: "second", warmup: phase === "warmup", stats });
}

function endMeasuring(): void {
  if (phase === "finished") return;
  clearTimeout(end);
  clearInterval(ticker);
  // The last tick and the end coincide. A run that was stopped has a part of a second left.
  if (phase === "measured") endSecond();
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
  // After an interrupt, requests did not have their whole time: they are neither sent nor failed.
  if (!interrupted) driver.giveUpWaiting();
  tally.end(performance.now(), !interrupted);
  const failedAtSeconds = tally.failedAt.map((ms) => (ms - startMs) / 1000);
  const lateP50Ms = driver.lateMs(50);
  const lateP99Ms = driver.lateMs(99);
  await driver.stop();
  post({
    type: "done",
    histogram: tally.latency.encode(),
    badHistogram: tally.badLatency.encode(),
    result: {
      scenario: options.scenario.name,
      model: options.rate === undefined ? "closed" : "fixed rate",
      offeredPerSecond: options.rate ?? null,
      startedAt,
      durationSeconds: measuredMs / 1000,
      connections: options.connections,
      sent: tally.sent,
      completed: tally.completed,
      failed: tally.failed,
      errors: tally.errors,
      failedAtSeconds,
      resent: tally.resent,
      notSent: tally.notSent,
      requestsPerSecond: measuredMs > 0 ? tally.goodInTime / (measuredMs / 1000) : 0,
      seconds,
      generator: {
        threads: 1,
        utilization,
        lagP99Ms: lag.exceeds + lag.max > 0 ? Math.max(0, lag.percentile(99) / 1e6 - lagResolutionMs) : 0,
        lateP50Ms,
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
