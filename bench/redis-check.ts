import { writeFile } from "node:fs/promises";
import { exitCodes, UserError } from "../contract/user-error.ts";
import { onInterrupt } from "../host/interrupts.ts";
import { openCluster } from "../host/open-cluster.ts";
import { step } from "../host/steps.ts";
import { deployedStack } from "./deployed-stack.ts";
import { ApiLoad } from "./redis/api-load.ts";
import type { CheckCommand } from "./redis/check-command.ts";
import { CheckPod } from "./redis/check-pod.ts";
import { checkTable, judgeCheck } from "./redis/check-report.ts";

const putsPerSecond = 5;
const everyMs = 1000;

/**
 * Checks the Redis Cluster of a deployed stack by a writer in its namespace, and by reads after writes through the gateway.
 *
 * @returns the exit code: 1 when more was lost, or a read was older, than the command allows
 * @throws {UserError} when nothing is deployed, or the check cannot run
 */
export async function checkRedis(command: CheckCommand, stack: string): Promise<number> {
  const outputs = await deployedStack(stack);
  const api = openCluster(outputs.cluster.kubeconfig, outputs.cluster.kubeContext);
  const interrupt = new AbortController();
  const release = onInterrupt(() => interrupt.abort());
  const load = new ApiLoad(outputs);
  let pod: CheckPod | undefined;
  try {
    await load.start(putsPerSecond);
    const started = await step("Start the writer", () =>
      CheckPod.start(api, outputs, command, interrupt.signal),
    );
    pod = started;
    const redis = await step(`Write and read for ${command.seconds} s`, async (report) => {
      const timer = setInterval(async () => {
        const seen = await started.progress();
        if (seen === undefined) return;
        const { acknowledged, refused, lost, stale, silentMs } = seen;
        const silent =
          silentMs > everyMs ? `, a shard takes no write for ${(silentMs / 1000).toFixed(0)} s` : "";
        report(`${acknowledged} acknowledged, ${refused} refused, ${lost} lost, ${stale} stale${silent}`);
      }, everyMs);
      return started.report(command.seconds, interrupt.signal).finally(() => clearInterval(timer));
    });
    const result = { redis, api: await load.stop() };
    if (command.json !== undefined) await writeFile(command.json, `${JSON.stringify(result, null, 2)}\n`);
    console.log(checkTable(result));
    const problems = judgeCheck(result, command);
    console.log(
      problems.length === 0 ? "\n✓ good" : `\n${problems.map((problem) => `✗ ${problem}`).join("\n")}`,
    );
    return problems.length === 0 ? 0 : 1;
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    throw new UserError("interrupted", "the writer's pod and its keys are removed; run it again", {
      exitCode: exitCodes.interrupted,
    });
  } finally {
    await load.stop();
    await pod?.remove();
    release();
    api.close();
  }
}
