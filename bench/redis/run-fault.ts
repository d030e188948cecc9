import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../contract/user-error.ts";
import { step } from "../../host/steps.ts";
import { ApiLoad } from "./api-load.ts";
import { CheckPod } from "./check-pod.ts";
import type { RedisProofCommand } from "./command-line.ts";
import type { RedisFault, RedisFaultContext } from "./fault.ts";
import { type FaultRun, servedMsOf } from "./judge-run.ts";

const calmMs = 3000;
const afterMs = 4000;
const wholeMs = 180_000;
/** Keys of the check: each is written about every ten seconds at the default rate. */
const keys = 1000;
/** Bound for the check; it is ended before. */
const checkSeconds = 3600;

/** Number of pods of Redis that the stack has. */
function podCount({ view }: RedisFaultContext): number {
  return view.workload.replicas;
}

/**
 * Injects a fault once under both loads, waits until the cluster is whole, and ends the loads.
 *
 * @throws {UserError} when the cluster is not whole before, or the fault cannot be injected
 */
export async function runFault(
  fault: RedisFault,
  round: number,
  context: Omit<RedisFaultContext, "report">,
  { rate, puts }: RedisProofCommand,
): Promise<FaultRun> {
  const { api, outputs, view, signal } = context;
  const count = podCount({ ...context, report: () => {} });
  const before = await step("Wait for a whole cluster", () => view.whole(count, wholeMs, signal));
  if (typeof before === "string")
    throw new UserError(
      `the Redis Cluster is not whole before the fault: ${before}`,
      "npm run up repairs it",
    );
  const load = new ApiLoad(outputs);
  let pod: CheckPod | undefined;
  try {
    const settings = { seconds: checkSeconds, rate, keys, ballast: fault.ballast };
    const started = await step("Start the writer", () => CheckPod.start(api, outputs, settings, signal));
    pod = started;
    await load.start(puts);
    await sleep(calmMs, undefined, { signal });
    const injected = await step(`${fault.name}, round ${round}`, (report) =>
      fault.inject({ ...context, report }),
    );
    const healed = await step("Wait for the cluster to heal", () => view.whole(count, wholeMs, signal));
    await sleep(afterMs, undefined, { signal });
    const problem = await view.problem(count);
    const evidence = typeof healed === "string" ? await view.evidence() : undefined;
    const redis = await step("Read all keys", async () => {
      await started.end();
      return started.report(0, signal);
    });
    return {
      fault: fault.name,
      round,
      injected,
      healedMs: typeof healed === "string" ? undefined : healed - (injected.endMs ?? injected.atMs),
      problem,
      servedMs: servedMsOf(fault, injected, redis),
      redis,
      api: await load.stop(),
      ...(evidence !== undefined && { evidence }),
    };
  } finally {
    await load.stop();
    await pod?.remove();
  }
}
