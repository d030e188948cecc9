import { UserError } from "../../contract/user-error.ts";
import { ApiError } from "../../host/cluster-api.ts";
import { readyPods } from "../observe/ready-pods.ts";
import type { Fault, FaultContext, InjectedFault } from "./fault.ts";

/** Checks without any effect whether a fault can be injected. @throws {UserError} when it cannot. */
export async function checkFault(fault: Fault, context: FaultContext): Promise<void> {
  await explained(fault, context, async () => {
    if (fault.check) await fault.check(context);
    else await readyPods(fault.target, context.outputs, context.api);
  });
}

/**
 * Injects a fault and returns as soon as that is done.
 *
 * @throws {UserError} when it cannot be injected; nothing is left to undo then.
 */
export async function injectFault(fault: Fault, context: FaultContext): Promise<InjectedFault> {
  return explained(fault, context, () => fault.inject(context));
}

/** Turns errors of the API server into errors that a user can act on. */
async function explained<T>(fault: Fault, { outputs }: FaultContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const forbidden = error.status === 401 || error.status === 403;
    throw new UserError(
      `the fault ${fault.name} could not be injected: ${error.message}`,
      forbidden
        ? `the user of context ${outputs.cluster.kubeContext} needs to ${fault.needs} in ${outputs.namespace}`
        : `see whether the cluster answers: kubectl -n ${outputs.namespace} get pods`,
      { cause: error },
    );
  }
}
