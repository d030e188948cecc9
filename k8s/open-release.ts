import * as pulumi from "@pulumi/pulumi";
import {
  endedPrefix,
  overlayKey,
  parseOverlay,
  type ReleaseOverlay,
  releaseImageVariable,
  releasesName,
  releaseVariable,
} from "../contract/release-overlay.ts";
import { type ClusterReader, pathOf, requestTimeoutMs, statusOf } from "./cluster-reader.ts";

/** Environment of a `pulumi up` that a release has started. */
export type ReleaseEnvironment = Readonly<Record<string, string | undefined>>;

const wayOut = "npm run release -- --status shows it; --resume goes on with it, and --abort takes it back";

/** What the stack's releases have left in the cluster: the data of their ConfigMap. */
export type ReleaseRecords = Readonly<Record<string, string>>;

/**
 * Finds the overlay of the stack's open release, so that no update removes the canary or replaces the old pods by accident. Only
 * `npm run release` changes a stack with an open release. A preview by others shows the stack as the release holds it.
 *
 * @returns undefined when no release is open
 * @throws {pulumi.RunError} for an update that is not the release's own, and for a damaged overlay
 */
export function openRelease(
  { [overlayKey]: text }: ReleaseRecords,
  namespace: string,
  env: ReleaseEnvironment,
): ReleaseOverlay | undefined {
  const ownId = env[releaseVariable];
  if (text === undefined) {
    if (ownId === undefined) return undefined;
    throw new pulumi.RunError(`The release ${ownId} is no longer open; ${wayOut}`);
  }
  const overlay = parseOverlay(text);
  if (overlay === undefined)
    throw new pulumi.RunError(
      `The ConfigMap ${releasesName} of the namespace ${namespace} is damaged: its key ${overlayKey} is no overlay of a release; ${wayOut}`,
    );
  if (overlay.releaseId === ownId) return overlay;
  const what = `The release ${overlay.releaseId} is open in the namespace ${namespace}`;
  if (!pulumi.runtime.isDryRun())
    throw new pulumi.RunError(`${what}, and this update is not part of it; ${wayOut}`);
  void pulumi.log.warn(`${what}: an update that is not part of it is refused; ${wayOut}`);
  return overlay;
}

/**
 * Refuses a step of a release from a checkout that makes another image than the one that the release began with, and with
 * pools of stack config beside those of the release.
 *
 * @param image image that the API of this checkout and stack config has
 * @param hasPools whether stack config has `api.pools`
 * @throws {pulumi.RunError}
 */
export function requireReleasedImage(
  overlay: ReleaseOverlay | undefined,
  image: string,
  hasPools: boolean,
  env: ReleaseEnvironment,
): void {
  if (overlay?.pools && hasPools)
    throw new pulumi.RunError(
      `api.pools does not go with the open release ${overlay.releaseId}, which has pools of its own; remove it until the release has ended: pulumi config rm --path api.pools`,
    );
  if (overlay === undefined || overlay.image === null || overlay.image === image) return;
  const what = `The release ${overlay.releaseId} is of the image ${overlay.image}, and this checkout with its stack config has ${image}`;
  const fix =
    "check out the commit that npm run release -- --status names, or take the release back: npm run release -- --abort";
  if (env[releaseVariable] !== undefined) throw new pulumi.RunError(`${what}; ${fix}`);
  void pulumi.log.warn(`${what}; ${fix}`);
}

/** Image that `npm run release -- --image` names. */
export function givenImage(env: ReleaseEnvironment): string | undefined {
  return env[releaseImageVariable] || undefined;
}

/**
 * Warning for an update that would deploy, without a gate, an image whose last release went back.
 *
 * @param image image that the API of this checkout and stack config has
 */
export function failedReleaseNotice(records: ReleaseRecords, image: string): string | undefined {
  const keys = Object.keys(records).filter((key) => key.startsWith(endedPrefix));
  const last = parseEnded(records[keys.sort().at(-1) ?? ""] ?? "");
  const { id, outcome, next, old, back } = last;
  if (outcome !== "failed" || next?.image !== image || old?.image === image) return undefined;
  return `The image ${image} went back in its release ${id}: ${back?.reason}. This update deploys it without a gate; npm run release judges it again`;
}

/** The fields of a release that a notice needs. */
interface EndedRelease {
  id?: string;
  outcome?: string;
  next?: { image?: string };
  old?: { image?: string };
  back?: { reason?: string } | null;
}

function parseEnded(text: string): EndedRelease {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/**
 * Reads the records of the stack's releases. A namespace that does not exist yet has none.
 *
 * @throws {pulumi.RunError} when the API server does not respond
 */
export async function readReleases(
  cluster: Pick<ClusterReader, "getJson">,
  namespace: string,
): Promise<ReleaseRecords> {
  try {
    const path = pathOf("configmaps", namespace, releasesName);
    const { data } = await cluster.getJson<{ data?: Record<string, string> }>(path, requestTimeoutMs);
    return data ?? {};
  } catch (error) {
    // A deployer who may not read ConfigMaps cannot have made a release either.
    if ([401, 403, 404].includes(statusOf(error))) return {};
    throw new pulumi.RunError(
      `Whether a release is open in the namespace ${namespace} cannot be read: ${(error as Error).message}`,
    );
  }
}
