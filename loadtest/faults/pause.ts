import { UserError } from "../../contract/user-error.ts";
import { containerProcesses, sendSignal } from "./container-processes.ts";
import type { StruckFault } from "./fault.ts";
import type { Target } from "./target.ts";

/**
 * Whether a pod's processes can be stopped from here.
 *
 * @throws UserError when they run elsewhere, or belong to somebody whom this user may not signal.
 */
export async function checkPause(target: Target, procFolder: string): Promise<void> {
  await signalable(target, procFolder);
}

/**
 * Stops all processes of a pod's container for some seconds: it holds its connections and answers nobody. They go on
 * after that time, at `undo`, and when this process exits.
 *
 * @throws UserError, see `checkPause`.
 */
export async function pause(target: Target, pauseSeconds: number, procFolder: string): Promise<StruckFault> {
  const pids = await signalable(target, procFolder);
  const goOn = () => {
    clearTimeout(timer);
    process.off("exit", goOn);
    for (const pid of pids.splice(0)) sendSignal(pid, "SIGCONT");
  };
  process.on("exit", goOn);
  const timer = setTimeout(goOn, pauseSeconds * 1000);
  const atMs = Date.now();
  for (const pid of pids) sendSignal(pid, "SIGSTOP");
  const { workload, pod, container } = target;
  return {
    name: "pause-api",
    pod,
    workloads: [workload],
    atMs,
    how: `SIGSTOP to ${container} in ${pod}, SIGCONT ${pauseSeconds} s later`,
    expected: [{ metric: "readiness_flaps", workload: workload.name, most: 1 }],
    undo: async () => goOn(),
  };
}

async function signalable(target: Target, procFolder: string): Promise<number[]> {
  const pids = await containerProcesses(target.containerId, procFolder);
  const [main] = pids;
  const outcome = main === undefined ? "gone" : sendSignal(main, 0);
  if (outcome === "sent") return pids;
  if (outcome === "forbidden") {
    throw new UserError(
      `the process of ${target.pod} cannot be paused: this user may not signal it`,
      "run the load test as root, or choose another fault",
    );
  }
  throw new UserError(
    `${target.pod} cannot be paused: its node ${target.node} is not this machine`,
    "run the load test on that node, or choose another fault: kill-api works from anywhere",
  );
}
