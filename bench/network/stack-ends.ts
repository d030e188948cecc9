import type { V1Pod, V1PodList } from "@kubernetes/client-node";
import { UserError } from "../../contract/user-error.ts";
import { type ClusterApi, podPath } from "../../host/cluster-api.ts";
import { containerProcesses } from "../../loadtest/faults/container-processes.ts";
import { network } from "../../local/cluster/network.ts";
import { groupOf } from "./admits.ts";
import type { Source, Target } from "./connections.ts";
import { listeningPorts } from "./listening-ports.ts";

const procFolder = "/proc";
const kubeletPort = 10_250;
const apiServicePort = 443;

/** The running pods of a namespace. @param isInStack whether it is the stack's */
export async function sourcesIn(api: ClusterApi, namespace: string, isInStack: boolean): Promise<Source[]> {
  const { items } = await api.getJson<V1PodList>(podPath(namespace));
  const running = items.filter(
    ({ metadata, status }) => status?.phase === "Running" && !metadata?.deletionTimestamp && status.podIP,
  );
  return Promise.all(running.map((pod) => sourceOf(pod, namespace, isInStack)));
}

async function sourceOf({ metadata, status }: V1Pod, namespace: string, isInStack: boolean): Promise<Source> {
  const name = metadata?.name ?? "";
  const containerId = status?.containerStatuses?.[0]?.containerID?.replace(/^.*:\/\//, "") ?? "";
  const [pid] = await containerProcesses(containerId, procFolder);
  if (pid === undefined)
    throw new UserError(
      `the processes of ${name} are not on this machine`,
      "the proof needs the embedded cluster",
    );
  const group = isInStack ? groupOf(metadata?.labels) : undefined;
  const stranger = isInStack ? "stranger in the namespace" : `stranger in ${namespace}`;
  const address = status?.podIP ?? "";
  return {
    kind: group ?? stranger,
    name: `${namespace}/${name}`,
    pid,
    namespace,
    address,
    isInStack,
    ...(group && { group }),
  };
}

/** Every port on which a pod accepts connections. @throws {Error} when its network namespace cannot be read */
export async function targetsOf(pods: readonly Source[]): Promise<Target[]> {
  const found = await Promise.all(
    pods.map(async (pod) => {
      const ports = await listeningPorts(pod.pid);
      return ports.map(
        (port): Target => ({
          kind: pod.kind,
          name: pod.name,
          address: pod.address,
          port,
          protocol: "TCP",
          endpoint: pod,
          endpointPort: port,
        }),
      );
    }),
  );
  return found.flat();
}

/** The services of the embedded cluster's node: DNS and the API server, by their Services too, and the kubelet. */
export async function nodeTargets(api: ClusterApi): Promise<Target[]> {
  const endpoint = { address: network.nodeAddress, isInStack: false };
  const target = (
    kind: string,
    address: string,
    port: number,
    endpointPort: number,
    protocol: "TCP" | "UDP" = "TCP",
  ): Target => ({
    kind,
    name: `${kind} ${address}`,
    address,
    port,
    protocol,
    endpoint,
    endpointPort,
  });
  const { spec } = await api.getJson<{ spec: { clusterIP: string } }>(
    "/api/v1/namespaces/default/services/kubernetes",
  );
  const { dnsServiceAddress, nodeAddress, apiPort } = network;
  return [
    ...(["UDP", "TCP"] as const).map((protocol) => target("DNS", dnsServiceAddress, 53, 53, protocol)),
    target("API server", spec.clusterIP, apiServicePort, apiPort),
    target("API server", nodeAddress, apiPort, apiPort),
    target("kubelet", nodeAddress, kubeletPort, kubeletPort),
  ];
}
