import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ClusterApi, podPath } from "../../host/cluster-api.ts";
import { pollUntil } from "../../host/poll.ts";

const namespace = "network-policy-bench";
const image = "localhost:5000/breakwater/node:24";
const program = join(import.meta.dirname, "peer.mjs");
const machinePort = 18_474;

/** A peer that sends load, as an origin for `/load`, and the address of the pod that responds. */
export interface Peers {
  /** From another pod, and from the machine itself. */
  origins: { name: string; url: string }[];
  target: string;
  remove(): Promise<void>;
}

/** Starts two pods without a policy and a process on the machine. @throws {UserError} when the pods do not start. */
export async function startPeers(api: ClusterApi): Promise<Peers> {
  await api.apply(`/api/v1/namespaces/${namespace}`, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });
  const source = await readFile(program, "utf8");
  const [target, client] = await Promise.all(["target", "client"].map((name) => startPod(api, name, source)));
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, PEER_PORT: String(machinePort) },
    stdio: "inherit",
  });
  const origins = [
    { name: "pod to pod", url: `http://${client}:8080` },
    { name: "machine to pod", url: `http://127.0.0.1:${machinePort}` },
  ];
  for (const { url } of origins)
    await pollUntil(
      { what: url, fix: "see the output of the peer", timeoutMs: 30_000, retryAfter: () => true },
      () => fetch(url).then((response) => response.ok),
    );
  return {
    origins,
    target: target ?? "",
    async remove() {
      // Ctrl-C ends it, too.
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, "exit");
        child.kill();
        await ended;
      }
      await api.delete(`/api/v1/namespaces/${namespace}`);
    },
  };
}

/** @returns the pod's address */
async function startPod(api: ClusterApi, name: string, source: string): Promise<string> {
  await api.apply(podPath(namespace, name), {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: "peer",
          image,
          command: ["node", "--input-type=module", "--eval", source],
          readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 },
        },
      ],
    },
  });
  return pollUntil(
    { what: `pod ${name} to be ready`, fix: "npm run status", timeoutMs: 60_000 },
    async () => {
      const { status } = await api.getJson<{
        status: { podIP?: string; conditions?: { type: string; status: string }[] };
      }>(podPath(namespace, name));
      const ready = status.conditions?.some((each) => each.type === "Ready" && each.status === "True");
      return ready === true && status.podIP;
    },
  );
}

/** Returns the requests per second of one turn. @throws {Error} when the peer reports a failure. */
export async function measureTurn(
  url: string,
  load: { target: string; seconds: number; connections: number; keep: boolean },
): Promise<number> {
  const { target, seconds, connections, keep } = load;
  const query = `host=${target}&seconds=${seconds}&connections=${connections}&keep=${keep}`;
  const response = await fetch(`${url}/load?${query}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${text}`);
  return Number(text) / seconds;
}
