import type { ApiClient } from "../api-client.ts";
import { type Manifest, metadataOf } from "../manifest.ts";
import { type PodProblem, podProblems, problemLines } from "./pod-problems.ts";

interface Event {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
}

const logLines = 5;

/** Pods in the object's namespace with these labels, and what is wrong with them. */
async function findProblems(
  api: ApiClient,
  object: Manifest,
  labels: Record<string, string>,
  options: { starting: boolean },
): Promise<PodProblem[]> {
  const { namespace } = metadataOf(object);
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const path = await api.pathOf({ apiVersion: "v1", kind: "Pod" }, namespace);
  const { items } = await api.get<{ items: Manifest[] }>(path, { labelSelector });
  return items.flatMap((pod) => podProblems(pod, options));
}

/** What is wrong with the object's pods right now; empty when nothing is or the cluster cannot say. */
export async function currentProblems(
  api: ApiClient,
  object: Manifest,
  labels: Record<string, string> | undefined,
): Promise<string[]> {
  if (!labels) return [];
  return findProblems(api, object, labels, { starting: false }).then(problemLines, () => []);
}

/** All that helps to see why the object is not ready: its pods' problems, the last of their log, its own warnings. */
export async function diagnose(
  api: ApiClient,
  object: Manifest,
  labels: Record<string, string> | undefined,
): Promise<string[]> {
  const problems = labels ? await findProblems(api, object, labels, { starting: true }).catch(() => []) : [];
  const logs: string[] = [];
  const withLog = problems.find(({ log }) => log);
  if (withLog?.log) {
    const { namespace } = metadataOf(object);
    const { container, previous } = withLog.log;
    const pod = await api.pathOf({ apiVersion: "v1", kind: "Pod" }, namespace, withLog.pod);
    const text = await api
      .text(`${pod}/log`, { container, previous, tailLines: logLines })
      .catch(() => api.text(`${pod}/log`, { container, tailLines: logLines }))
      .catch(() => "");
    const lines = text.trimEnd();
    if (lines !== "") logs.push(`[Pod ${withLog.pod}] log of container "${container}" ends with:\n${lines}`);
  }
  return [...problemLines(problems), ...logs, ...(await ownWarnings(api, object))];
}

async function ownWarnings(api: ApiClient, object: Manifest): Promise<string[]> {
  const { namespace, uid } = metadataOf(object);
  if (!uid) return [];
  const path = await api.pathOf({ apiVersion: "v1", kind: "Event" }, namespace).catch(() => undefined);
  if (path === undefined) return [];
  const fieldSelector = `involvedObject.uid=${uid},type=Warning`;
  const { items } = await api
    .get<{ items: Event[] }>(path, { fieldSelector, limit: 20 })
    .catch(() => ({ items: [] }));
  const lines = items.map(({ reason, message }) => `[${object.kind}] ${reason}: ${message}`);
  return [...new Set(lines)].slice(-3);
}
