import { createHash } from "node:crypto";
import type { V1Deployment, V1Pod } from "@kubernetes/client-node";
import type { Release, Version } from "./record.ts";

/**
 * What a Deployment and its pods say of the version that they run.
 *
 * @param variables data of the Secrets that the pods have variables from. They have generated passwords, so that a hash says nothing
 * of their values.
 */
export function versionOf(
  deployment: V1Deployment,
  pods: readonly V1Pod[],
  variables: readonly unknown[] = [],
): Version {
  const [main] = deployment.spec?.template.spec?.containers ?? [];
  const image = main?.image ?? "";
  const digests = pods.flatMap(({ spec, status }) =>
    (status?.containerStatuses ?? []).flatMap(({ name, imageID }) => {
      const isSame = spec?.containers.some(
        (container) => container.name === name && container.image === image,
      );
      const digest = /sha256:[0-9a-f]{64}/.exec(imageID)?.[0];
      return name === main?.name && isSame && digest !== undefined ? [digest] : [];
    }),
  );
  const podHash = sha256(JSON.stringify(sorted(deployment.spec?.template.spec ?? {})));
  return {
    image,
    digests: [...new Set(digests)].sort(),
    configHash: configHashOf(deployment, variables),
    podHash,
  };
}

/**
 * Hash of the settings of a Deployment's pods. What differs between two pools of equal settings is left out: the image, labels,
 * and the names of Secrets.
 */
function configHashOf({ spec }: V1Deployment, variables: readonly unknown[]): string {
  const pod = spec?.template.spec;
  const containers = pod?.containers.map(({ image, envFrom, ...settings }) => settings);
  const { topologySpreadConstraints, ...others } = pod ?? { containers: [] };
  return sha256(JSON.stringify(sorted({ ...others, containers, variables })));
}

/** Whether a version has passed one of these releases: the same image by its digest, with the same settings. */
export function hasPassed(ended: readonly Release[], next: Version): boolean {
  return ended.some(
    ({ outcome, next: passed }) =>
      outcome === "passed" &&
      passed.configHash === next.configHash &&
      passed.digests.some((digest) => next.digests.includes(digest)),
  );
}

/** SHA-256 in hex. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The same value with the keys of all objects in alphabetical order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
