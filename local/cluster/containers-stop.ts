import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { childrenOf, findProcesses, sendSignal, waitUntilGone } from "../../host/process-table.ts";
import { containerProcesses } from "./cgroups.ts";
import { places } from "./layout.ts";

const shimName = "containerd-shim-runc-v2";
/** Time for databases to write the data that they have in memory. */
const graceMs = 10_000;

async function shims() {
  return findProcesses(
    ([program, ...args]) =>
      (program === shimName || program?.endsWith(`/${shimName}`)) === true &&
      args[args.indexOf("-address") + 1] === places.containerdSocket,
  );
}

/**
 * Stops every container of the cluster's containerd: SIGTERM to the first process, SIGKILL to all processes that still
 * run after ten seconds. The kubelet and the Docker engine must be stopped before, because they restart containers.
 */
export async function stopContainers(): Promise<void> {
  const firstProcesses = await childrenOf(await shims());
  for (const first of firstProcesses) await sendSignal(first, "SIGTERM");
  await waitUntilGone(firstProcesses, graceMs);
  const rest = [...(await childrenOf(await shims())), ...(await containerProcesses())];
  for (const remaining of rest) await sendSignal(remaining, "SIGKILL");
  await waitUntilGone(rest, 5_000);
}

/** Stops the shims, of which each pod has one and which outlive containerd, and removes their sockets. */
export async function stopShims(): Promise<void> {
  const sockets = await shimSockets();
  const running = await shims();
  for (const shim of running) await sendSignal(shim, "SIGKILL");
  await waitUntilGone(running, 5_000);
  for (const socket of sockets) await rm(socket, { force: true });
}

// The folder of the shims' sockets, /run/containerd/s, is compiled in. Shims of other containerds use it too.
async function shimSockets(): Promise<string[]> {
  const tasks = join(places.containerdState, "io.containerd.runtime.v2.task");
  const sockets: string[] = [];
  for (const namespace of await readdir(tasks).catch(() => []))
    for (const id of await readdir(join(tasks, namespace))) {
      const address = await readFile(join(tasks, namespace, id, "address"), "utf8").catch(() => "");
      if (address.startsWith("unix://")) sockets.push(address.trim().slice("unix://".length));
    }
  return sockets;
}
