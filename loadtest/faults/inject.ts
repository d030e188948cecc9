import type { StackOutputs } from "../../contract/outputs.ts";
import { UserError } from "../../contract/user-error.ts";
import { ApiError, type ClusterApi } from "../../host/cluster-api.ts";
import { type FaultName, parseFault, type StruckFault } from "./fault.ts";
import { kill } from "./kill.ts";
import { checkLab, runOutOfMemory } from "./out-of-memory.ts";
import { checkPause, pause } from "./pause.ts";
import { redisPrimary } from "./redis-primary.ts";
import { deploymentsToRoll, rollOut } from "./rollout.ts";
import { targets } from "./target.ts";

/** Dials of the faults. */
export interface StrikeOptions {
  /** How long `pause-api` stops the pod. */
  pauseSeconds?: number;
  /** Where this machine's processes are listed. */
  procFolder?: string;
}

const realProc = "/proc";

/**
 * Looks whether a fault could be struck now, without doing harm: a run that cannot be made is not begun.
 *
 * @throws UserError when it could not.
 */
export async function checkStrike(
  name: FaultName,
  outputs: StackOutputs,
  api: ClusterApi,
  options: StrikeOptions = {},
): Promise<void> {
  await explained(name, outputs, async () => {
    if (name === "rollout") return void deploymentsToRoll(outputs);
    const pods = await targets(parseFault(name).strikes, outputs, api);
    if (name === "pause-api") await checkPause(pods[0], options.procFolder ?? realProc);
    if (name === "oom-api") await checkLab(pods[0], api);
    if (name === "kill-redis-primary") await redisPrimary(pods, api);
  });
}

/**
 * Strikes a fault at the stack, and comes back as soon as it is struck. The API must stay open until `undo` is done.
 *
 * @throws UserError when it cannot be struck; then nothing is left to undo.
 */
export async function strike(
  name: FaultName,
  outputs: StackOutputs,
  api: ClusterApi,
  options: StrikeOptions = {},
): Promise<StruckFault> {
  const { pauseSeconds = 5, procFolder = realProc } = options;
  return explained(name, outputs, async () => {
    if (name === "rollout") return rollOut(outputs, api);
    const pods = await targets(parseFault(name).strikes, outputs, api);
    switch (name) {
      case "pause-api":
        return pause(pods[0], pauseSeconds, procFolder);
      case "oom-api":
        return runOutOfMemory(pods[0], api);
      case "kill-redis-primary":
        return kill(name, await redisPrimary(pods, api), api, procFolder);
      default:
        return kill(name, pods[0], api, procFolder);
    }
  });
}

/** Turns the API server's errors into what the person at the terminal can do. */
async function explained<T>(name: FaultName, outputs: StackOutputs, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const forbidden = error.status === 401 || error.status === 403;
    throw new UserError(
      `the fault ${name} could not be struck: ${error.message}`,
      forbidden
        ? `the user of context ${outputs.cluster.kubeContext} needs to ${parseFault(name).needs} in ${outputs.namespace}`
        : `see whether the cluster answers: kubectl -n ${outputs.namespace} get pods`,
      { cause: error },
    );
  }
}
