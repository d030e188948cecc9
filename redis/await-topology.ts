import { setTimeout as sleep } from "node:timers/promises";
import { TopologyRefused } from "./actions.ts";
import { type ControllerStatus, shapeOf } from "./controller.ts";
import { reasonOf } from "./observe.ts";
import type { Topology } from "./plan.ts";
import { describeProgress } from "./reconciliation.ts";

/** Settings of awaitTopology. */
export interface AwaitOptions extends Topology {
  /** URL of the controller, without a slash at the end. */
  controllerUrl: string;
  /** Time limit without progress. */
  timeoutMs: number;
  log: (line: string) => void;
}

const pollMs = 500;
const requestTimeoutMs = 3_000;

/**
 * Waits until the controller reports that the cluster has the wanted shape, and logs its progress. An observation that began
 * before this call does not count, because nodes may have been replaced since.
 *
 * @throws {TopologyRefused} when the controller refuses the wanted shape.
 * @throws {Error} when nothing has changed for the time limit; says what is missing.
 */
export async function awaitTopology(options: AwaitOptions): Promise<void> {
  const { controllerUrl, timeoutMs, log } = options;
  const startedMs = performance.now();
  let changedMs = startedMs;
  let shown = "";
  let actions = -1;
  for (;;) {
    const status = await fetchStatus(controllerUrl).catch(
      (error: unknown) => `the controller (${reasonOf(error)})`,
    );
    const nowMs = performance.now();
    const line = lineOf(status, options, nowMs - startedMs);
    if (line === "settled") return;
    if (line !== shown && withoutDetails(line) !== withoutDetails(shown)) log(line);
    if (typeof status !== "string" && status.actions !== actions) {
      actions = status.actions;
      changedMs = nowMs;
    }
    shown = line;
    if (nowMs - changedMs > timeoutMs)
      throw new Error(`not done after ${timeoutMs / 1000} s without progress: still ${line}`);
    await sleep(pollMs);
  }
}

/** What to log about a status, or `settled`. @throws {TopologyRefused} */
function lineOf(status: ControllerStatus | string, wanted: Topology, waitedMs: number): string {
  if (typeof status === "string") return `waiting for ${status}`;
  if (status.shape !== shapeOf(wanted)) return `waiting for the controller to want ${shapeOf(wanted)}`;
  if (status.state === "standby") return `waiting for a controller with the lease (${status.reason})`;
  if (status.ageMs > waitedMs) return "waiting for the controller to look at all nodes";
  if (status.state === "refused") throw new TopologyRefused(status.reason);
  if (status.state === "settled") return "settled";
  if (status.progress !== undefined && status.state === "working") return describeProgress(status.progress);
  return status.reason === "" ? "waiting for all nodes" : `waiting for ${status.reason}`;
}

const withoutDetails = (line: string): string => line.replace(/ \(.*/s, "");

async function fetchStatus(controllerUrl: string): Promise<ControllerStatus> {
  const response = await fetch(`${controllerUrl}/status`, { signal: AbortSignal.timeout(requestTimeoutMs) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return (await response.json()) as ControllerStatus;
}
