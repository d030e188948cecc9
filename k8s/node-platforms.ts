import * as pulumi from "@pulumi/pulumi";
import { embeddedPlatform } from "../config/sections/images.ts";
import type { StackConfig } from "../config/stack-config.ts";
import { type ClusterReader, requestTimeoutMs, statusOf } from "./cluster-reader.ts";

/** A node of the cluster. */
export interface LiveNode {
  /** `linux/amd64`, for example. */
  platform: string;
  labels: Readonly<Record<string, string>>;
  /** Whether pods need a toleration to run on it. */
  isTainted: boolean;
}

/** Platforms that an image is for, and the option that decides them. */
export interface ImagePlatforms {
  platforms: readonly string[];
  /** Path of the option, with its value. */
  option: string;
  fix: string;
}

/** More nodes say nothing new in nearly all clusters. */
const maxNodes = 500;

interface NodeList {
  metadata: { continue?: string };
  items: {
    metadata: { labels?: Record<string, string> };
    spec?: { taints?: { effect: string }[] };
    status?: { nodeInfo?: { operatingSystem: string; architecture: string } };
  }[];
}

/**
 * Reads the nodes of the cluster, and compares their platforms with those that images are built for, before anything is built.
 *
 * @returns undefined when the deployer may not list them, or there are more than 500
 * @throws {pulumi.RunError} when no node runs an image that is built, and when the API server does not respond
 */
export async function nodesFor(
  cluster: Pick<ClusterReader, "getJson">,
  config: Pick<StackConfig, "cluster" | "images" | "api" | "redis">,
): Promise<LiveNode[] | undefined> {
  if (config.cluster.kubeContext === undefined)
    return [{ platform: embeddedPlatform, labels: {}, isTainted: false }];
  const nodes = await readNodes(cluster);
  checkBuildPlatforms(config, nodes);
  return nodes;
}

async function readNodes(cluster: Pick<ClusterReader, "getJson">): Promise<LiveNode[] | undefined> {
  try {
    const path = `/api/v1/nodes?limit=${maxNodes}`;
    const { metadata, items } = await cluster.getJson<NodeList>(path, requestTimeoutMs);
    if (metadata.continue) return undefined;
    return items.flatMap(({ metadata: { labels = {} }, spec, status }) => {
      const { operatingSystem, architecture } = status?.nodeInfo ?? {};
      const isTainted = (spec?.taints ?? []).some(({ effect }) => effect !== "PreferNoSchedule");
      return operatingSystem === undefined
        ? []
        : [{ platform: `${operatingSystem}/${architecture}`, labels, isTainted }];
    });
  } catch (error) {
    if ([401, 403].includes(statusOf(error))) return undefined;
    throw new pulumi.RunError(`The nodes of the cluster cannot be read: ${(error as Error).message}`);
  }
}

function checkBuildPlatforms(
  { images, api, redis }: Pick<StackConfig, "images" | "api" | "redis">,
  nodes: readonly LiveNode[] | undefined,
): void {
  const built = (path: string, platform: string): ImagePlatforms => ({
    platforms: [platform],
    option: `${path}: ${platform}`,
    fix: `build for the platform of the nodes: pulumi config set --path ${path} …`,
  });
  const ofKit = built("images.platform", images.platform);
  const ofApi = api.source.platform === undefined ? ofKit : built("api.source.platform", api.source.platform);
  // The Redis controller and the Jobs run the kit's image, also beside an API of one's own.
  const { problem } = comparePlatforms(ofKit, nodes, redis.pod?.nodeSelector);
  if (problem !== undefined) throw new pulumi.RunError(problem);
  if (api.source.image === undefined) reportPlatforms(ofApi, nodes, api);
}

/**
 * Compares the platforms of an image with those of the nodes that its pods may have. Without a node for them, a cluster that
 * makes nodes on demand may still make one.
 *
 * @param selector `nodeSelector` of the pods
 * @returns what is wrong: as `problem` when no node runs the image, as `notice` when only some of them do
 */
export function comparePlatforms(
  { platforms, option, fix }: ImagePlatforms,
  nodes: readonly LiveNode[] | undefined,
  selector: Readonly<Record<string, string>> = {},
): { problem?: string; notice?: string } {
  // An image for linux/arm/v7 runs on nodes whose architecture is arm.
  const wanted = platforms.map((platform) => platform.split("/").slice(0, 2).join("/"));
  const candidates = (nodes ?? []).filter(({ labels }) =>
    Object.entries(selector).every(([key, value]) => labels[key] === value),
  );
  const others = candidates.filter(({ platform }) => !wanted.includes(platform));
  if (wanted.length === 0 || others.length === 0) return {};
  const has = [...new Set(others.map(({ platform }) => platform))].join(", ");
  const open = others.filter(({ isTainted }) => !isTainted).length;
  // Pods get no tainted node, so a cluster that makes nodes on demand makes one for them.
  if (open === 0) return {};
  if (others.length === candidates.length)
    return {
      problem: `${option} is for ${platforms.join(", ")}, and the cluster's nodes have ${has}; ${fix}`,
    };
  const arch = wanted[0]?.split("/")[1];
  return {
    notice: `${option} is for ${platforms.join(", ")}, and ${open} of ${candidates.length} nodes that its pods may get have ${has}, where they cannot start; choose the nodes: pulumi config set --path 'api.pod.nodeSelector["kubernetes.io/arch"]' ${arch}`,
  };
}

/** Reports what `comparePlatforms` finds for the pods of the API. @throws {pulumi.RunError} when no node runs the image */
export function reportPlatforms(
  image: ImagePlatforms,
  nodes: readonly LiveNode[] | undefined,
  { pod }: StackConfig["api"],
): void {
  const { problem, notice } = comparePlatforms(image, nodes, pod?.nodeSelector);
  if (problem !== undefined) throw new pulumi.RunError(problem);
  if (notice !== undefined) void pulumi.log.warn(notice);
}
