import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { ApiError, type ClusterApi, podPath } from "../host/cluster-api.ts";
import { poll, pollUntil } from "../host/poll.ts";
import type { Report } from "../host/steps.ts";
import type { Liberty, ListeningSocket, Trial, TrialContract } from "./trial.ts";
import { containers, trialPod } from "./trial-pod.ts";

const intervalMs = 250;
const startTimeoutMs = 180_000;
const notStartedReasons = [
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
];

/** Where trials run, and with what. */
export interface TrialPlace {
  api: ClusterApi;
  namespace: string;
  /** An image with Node.js, for the probe. */
  nodeImage: string;
}

interface StartSeen {
  sockets: ListeningSocket[];
  live: number | null;
  ready: number | null;
  keepAliveSeconds?: number;
}

/**
 * Starts the API once, looks at it, stops it and removes its pod.
 *
 * @throws {UserError} when the cluster does not run the pod at all
 */
export async function runTrial(
  contract: TrialContract,
  liberty: Liberty,
  place: TrialPlace,
  report: Report,
): Promise<Trial> {
  const { api, namespace, nodeImage } = place;
  const name = `trial-${liberty.split(" ")[0]}-${Date.now().toString(36)}`;
  const path = podPath(namespace, name);
  await api.create<V1Pod>(podPath(namespace), trialPod(name, contract, liberty, nodeImage));
  try {
    report("waiting for the container");
    const started = await waitForStart(path, api, contract);
    if (started.notStarted !== undefined)
      return {
        liberty,
        notStarted: started.notStarted,
        log: await logOf(path, api),
        sockets: [],
        live: null,
        ready: null,
      };
    const { seen, ended } = started;
    if (ended !== undefined || seen === undefined)
      return { liberty, ...(ended !== undefined && { ended }), log: await logOf(path, api), ...nothing };
    report("stopping it");
    const log = await logOf(path, api);
    if (seen.live === null) return { liberty, log, ...seen };
    return { liberty, log, ...seen, ...(await stop(path, api, contract)) };
  } finally {
    await removePod(path, api);
  }
}

const nothing = { sockets: [], live: null, ready: null };

/** Waits until the probe has seen the start, or the container cannot start, or its program has ended. */
function waitForStart(path: string, api: ClusterApi, { image }: TrialContract) {
  return pollUntil(
    {
      what: `the start of a pod with ${image}`,
      fix: "see kubectl get events -A; the doctor needs half a core and 640 MiB for a moment",
      intervalMs,
      timeoutMs: startTimeoutMs,
    },
    async (): Promise<{ notStarted?: string; ended?: number; seen?: StartSeen } | undefined> => {
      const { status } = await api.getJson<V1Pod>(path);
      const own = statusOf(status?.containerStatuses, containers.api);
      const { waiting, terminated } = own?.state ?? {};
      if (waiting?.reason && notStartedReasons.includes(waiting.reason))
        return { notStarted: `${waiting.reason}: ${waiting.message ?? ""}` };
      if (terminated?.reason === "StartError" || terminated?.reason === "ContainerCannotRun")
        return { notStarted: `${terminated.reason}: ${terminated.message ?? ""}` };
      if (terminated) return { ended: terminated.exitCode };
      const seen = await probeEvent<StartSeen>(path, api, "end of start");
      return seen && { seen };
    },
  );
}

/** Sends SIGTERM, as a rollout does, and waits for the end. */
async function stop(
  path: string,
  api: ClusterApi,
  { stopSeconds }: TrialContract,
): Promise<Pick<Trial, "stop" | "answeredAtStop">> {
  const fromMs = Date.now();
  const lines = api.getText(
    `${path}/log?container=${containers.probe}&follow=true`,
    (stopSeconds + 20) * 1000,
  );
  await api.delete(path, { propagationPolicy: "Background" });
  const end = await poll({ intervalMs, timeoutMs: (stopSeconds + 30) * 1000 }, async () => {
    const { status } = await api.getJson<V1Pod>(path);
    return statusOf(status?.containerStatuses, containers.api)?.state?.terminated;
  });
  const answer = eventIn<{ answered?: boolean }>(await lines.catch(() => ""), "in progress at SIGTERM");
  const endedMs = end?.finishedAt === undefined ? Date.now() : new Date(end.finishedAt).getTime();
  return {
    ...(answer?.answered !== undefined && { answeredAtStop: answer.answered }),
    ...(end && { stop: { exitCode: end.exitCode, seconds: Math.max(0, (endedMs - fromMs) / 1000) } }),
  };
}

function statusOf(statuses: V1ContainerStatus[] | undefined, name: string): V1ContainerStatus | undefined {
  return statuses?.find((status) => status.name === name);
}

async function probeEvent<T>(path: string, api: ClusterApi, event: string): Promise<T | undefined> {
  const text = await api.getText(`${path}/log?container=${containers.probe}`).catch((error: unknown) => {
    // The container does not run yet.
    if (error instanceof ApiError) return "";
    throw error;
  });
  return eventIn<T>(text, event);
}

function eventIn<T>(text: string, event: string): T | undefined {
  const line = text.split("\n").find((each) => each.startsWith(`{"event":${JSON.stringify(event)}`));
  return line === undefined ? undefined : (JSON.parse(line) as T);
}

async function logOf(path: string, api: ClusterApi): Promise<string[]> {
  const text = await api.getText(`${path}/log?container=${containers.api}&tailLines=40`).catch(() => "");
  return text.split("\n").filter(Boolean);
}

/** Deletes a pod and its finalizer. One that is gone is no error. @throws {ApiError} */
export async function removePod(path: string, api: ClusterApi): Promise<void> {
  const unlessGone = (error: unknown) => {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  };
  await api.delete(path, { gracePeriodSeconds: 0 }).catch(unlessGone);
  await api.patch(path, { metadata: { finalizers: null } }).catch(unlessGone);
}
