import { annotationOf, type Manifest } from "../manifest.ts";
import type { ResourceType } from "../resource-type.ts";
import { service } from "./services.ts";
import { persistentVolumeClaim } from "./storage.ts";
import { type AwaitRule, ready, waiting } from "./verdict.ts";
import { parseWaitFor } from "./wait-for.ts";
import { conditionOf, daemonSet, deployment, job, pod, statefulSet } from "./workloads.ts";

const customResourceDefinition: AwaitRule = {
  judge: (object) =>
    conditionOf(object, "Established")?.status === "True"
      ? ready
      : waiting("Waiting for the definition to be established"),
};

const rules: Record<string, AwaitRule> = {
  "core/Pod": pod,
  "core/Service": service,
  "core/PersistentVolumeClaim": persistentVolumeClaim,
  "apps/Deployment": deployment,
  "apps/StatefulSet": statefulSet,
  "apps/DaemonSet": daemonSet,
  "batch/Job": job,
  "apiextensions.k8s.io/CustomResourceDefinition": customResourceDefinition,
};

/**
 * What to wait for after `inputs` were applied; undefined when there is nothing, or the program says to skip it.
 *
 * @throws {Error} when the annotation pulumi.com/waitFor is not understood.
 */
export function awaitRuleOf(type: ResourceType, inputs: Manifest): AwaitRule | undefined {
  if (isSkipped(inputs)) return undefined;
  const waitFor = annotationOf(inputs, "pulumi.com/waitFor");
  if (waitFor !== undefined) return parseWaitFor(waitFor);
  const group = type.apiVersion.includes("/") ? type.apiVersion.split("/")[0] : "core";
  return rules[`${group}/${type.kind}`];
}

/** True when the annotation pulumi.com/skipAwait asks not to wait. */
export function isSkipped(manifest: Manifest): boolean {
  return annotationOf(manifest, "pulumi.com/skipAwait") === "true";
}

/**
 * How long to wait: the program's `customTimeouts`, else the annotation, else 10 minutes.
 *
 * @throws {Error} when the annotation is no positive number.
 */
export function timeoutSecondsOf(customTimeout: number, manifest: Manifest): number {
  if (customTimeout > 0) return customTimeout;
  const written = annotationOf(manifest, "pulumi.com/timeoutSeconds");
  if (written === undefined) return 600;
  const seconds = Number(written);
  if (!(seconds > 0)) {
    throw new Error(`annotation pulumi.com/timeoutSeconds: "${written}" is not a positive number of seconds`);
  }
  return seconds;
}
