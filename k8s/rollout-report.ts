import { type ClusterReader, pathOf, requestTimeoutMs } from "./cluster-reader.ts";
import type { BrokenPod } from "./rollout-verdict.ts";

const logLines = 20;
const maxEvents = 5;

/** The fields of an event that say what happened to an object. */
export interface EventView {
  type?: string;
  reason?: string;
  message?: string;
  count?: number;
  lastTimestamp?: string | null;
  eventTime?: string | null;
  metadata?: { creationTimestamp?: string };
}

/** Events of an object, the newest first. None when they cannot be read. */
export async function eventsOf(cluster: ClusterReader, namespace: string, uid: string): Promise<EventView[]> {
  const path = `${pathOf("events", namespace)}?fieldSelector=${encodeURIComponent(`involvedObject.uid=${uid}`)}`;
  const { items } = await cluster
    .getJson<{ items: EventView[] }>(path, requestTimeoutMs)
    .catch(() => ({ items: [] }));
  const timeOf = ({ lastTimestamp, eventTime, metadata }: EventView) =>
    Date.parse(lastTimestamp ?? eventTime ?? metadata?.creationTimestamp ?? "") || 0;
  return items.toSorted((a, b) => timeOf(b) - timeOf(a));
}

/**
 * What a person needs beside the reason: the last lines of the container's log, and the pod's warnings. Each line is indented.
 *
 * @returns an empty text when there is neither
 */
export async function evidenceOf(
  cluster: ClusterReader,
  namespace: string,
  { name, uid, container }: Pick<BrokenPod, "name" | "uid" | "container">,
): Promise<string> {
  const [log, events] = await Promise.all([
    container === undefined ? "" : lastLines(cluster, namespace, name, container),
    eventsOf(cluster, namespace, uid),
  ]);
  const warnings = events
    .filter(({ type }) => type === "Warning")
    .slice(0, maxEvents)
    .map(({ reason, message, count = 1 }) => `${reason}${count > 1 ? ` × ${count}` : ""}: ${message}`);
  return block(`the last lines of container ${container}`, log.split("\n")) + block("events", warnings);
}

function block(title: string, lines: readonly string[]): string {
  const given = lines.map((line) => line.trimEnd()).filter((line) => line !== "");
  return given.length === 0 ? "" : `\n  ${title}:${given.map((line) => `\n    ${line}`).join("")}`;
}

/** Log of the container's former run, which ended; of the present one when there is no former one. */
async function lastLines(
  cluster: ClusterReader,
  namespace: string,
  pod: string,
  container: string,
): Promise<string> {
  const path = `${pathOf("pods", namespace, pod)}/log?container=${container}&tailLines=${logLines}`;
  for (const each of [`${path}&previous=true`, path]) {
    const log = await cluster.getText(each, requestTimeoutMs).catch(() => "");
    if (log.trim() !== "") return log;
  }
  return "";
}
