import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { childrenOf, findProcesses, sendSignal, waitUntilGone } from "../../host/process-table.ts";
import { containerProcesses } from "./cgroups.ts";
import { places } from "./layout.ts";

const shimName = "containerd-shim-runc-v2";
/** How long databases get to write what they hold in memory. */
const graceMs = 10_000;

async function shims() {
  return findProcesses(
    ([program, ...args]) =>
      (program === shimName || program?.endsWith(`/${shimName}`)) === true &&
      args[args.indexOf("-address") + 1] === places.containerdSocket,
  );
}

/**
 * Ends every container of our containerd: SIGTERM to its first process, SIGKILL to what is left after ten seconds.
 * The kubelet and the Docker engine must have been stopped, or they start some again.
 */
export async function stopContainers(): Promise<void> {
  const firstProcesses = await childrenOf(await shims());
  for (const first of firstProcesses) await sendSignal(first, "SIGTERM");
  await waitUntilGone(firstProcesses, graceMs);
  const rest = [...(await childrenOf(await shims())), ...(await containerProcesses())];
  for (const stubborn of rest) await sendSignal(stubborn, "SIGKILL");
  await waitUntilGone(rest, 5_000);
}

/** Ends the shims, which look after one pod each and outlive containerd, and removes their sockets. */
export async function stopShims(): Promise<void> {
  const sockets = await shimSockets();
  const running = await shims();
  for (const shim of running) await sendSignal(shim, "SIGKILL");
  await waitUntilGone(running, 5_000);
  for (const socket of sockets) await rm(socket, { force: true });
}

// The shims' sockets have their place, /run/containerd/s, built in; other containerds keep theirs there too.
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
