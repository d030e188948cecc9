import { UserError } from "../../contract/user-error.ts";
import { type ReadyPod, readyPods } from "../observe/ready-pods.ts";
import { containerProcesses, sendSignal } from "./container-processes.ts";
import { defineFault, type FaultContext, type InjectedFault } from "./fault.ts";

export const pauseApi = defineFault({
  name: "pause-api",
  about: "SIGSTOP to one API pod, SIGCONT 5 s later; its node must be this machine",
  target: "api",
  needs: "list pods",
  async check({ outputs, api, procFolder }) {
    const [pod] = await readyPods("api", outputs, api);
    await pausableProcesses(pod, procFolder);
  },
  async inject(context) {
    const [pod] = await readyPods("api", context.outputs, context.api);
    return pause(pod, context);
  },
});

/**
 * Stops all processes of a pod's container for some seconds: its connections stay open and get no response. The
 * processes continue after that time, at `undo`, and when this process exits.
 *
 * @throws {UserError} when the processes run elsewhere, or belong to a user that this user may not signal.
 */
export async function pause(
  target: ReadyPod,
  { pauseSeconds, procFolder }: Pick<FaultContext, "pauseSeconds" | "procFolder">,
): Promise<InjectedFault> {
  const pids = await pausableProcesses(target, procFolder);
  const resume = () => {
    clearTimeout(timer);
    process.off("exit", resume);
    for (const pid of pids.splice(0)) sendSignal(pid, "SIGCONT");
  };
  process.on("exit", resume);
  const timer = setTimeout(resume, pauseSeconds * 1000);
  const atMs = Date.now();
  for (const pid of pids) sendSignal(pid, "SIGSTOP");
  const { workload, pod, container } = target;
  return {
    pod,
    workloads: [workload],
    atMs,
    how: `SIGSTOP to ${container} in ${pod}, SIGCONT ${pauseSeconds} s later`,
    expected: [{ metric: "readiness_flaps", workload: workload.name, most: 1 }],
    undo: async () => resume(),
  };
}

async function pausableProcesses(target: ReadyPod, procFolder: string): Promise<number[]> {
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
