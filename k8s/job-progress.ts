import type { Job } from "@pulumi/kubernetes/batch/v1/job.js";
import * as pulumi from "@pulumi/pulumi";
import { withLabels } from "../host/cluster-api.ts";
import { type ClusterReader, pathOf, requestTimeoutMs } from "./cluster-reader.ts";

const pollMs = 2_000;

interface PodList {
  items: { metadata: { name: string; creationTimestamp: string } }[];
}

/**
 * Shows the last line that a Job's newest pod has written in `pulumi up` until the Job has ended. A line that cannot be read is
 * left out: Pulumi reports what becomes of the Job.
 */
export function showProgress(cluster: ClusterReader, namespace: string, name: string, job: Job): void {
  if (pulumi.runtime.isDryRun()) return;
  let hasEnded = false;
  let shown = "";
  job.id.apply(() => {
    hasEnded = true;
  });
  const poll = async () => {
    const line = await lastLine(cluster, namespace, name).catch(() => "");
    if (hasEnded) return;
    if (line !== "" && line !== shown) void pulumi.log.info(line, job, undefined, true);
    shown = line;
    start();
  };
  // A Job that fails ends the program, which must not wait for the next poll.
  const start = () => setTimeout(poll, pollMs).unref();
  start();
}

async function lastLine(cluster: ClusterReader, namespace: string, name: string): Promise<string> {
  const pods = pathOf("pods", namespace);
  const path = withLabels(pods, { "batch.kubernetes.io/job-name": name });
  const { items } = await cluster.getJson<PodList>(path, requestTimeoutMs);
  const [newest] = items.sort((a, b) =>
    b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp),
  );
  if (newest === undefined) return "";
  const log = await cluster.getText(`${pods}/${newest.metadata.name}/log?tailLines=1`, requestTimeoutMs);
  return log.trim();
}
