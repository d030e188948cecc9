import * as pulumi from "@pulumi/pulumi";
import type { PoolPlan } from "../config/derive.ts";
import type { ImagesConfig } from "../config/sections/images.ts";
import { embeddedRegistry, type RegistryConfig } from "../config/sections/registry.ts";
import type { StackConfig } from "../config/stack-config.ts";
import type { ReleaseOverlay } from "../contract/release-overlay.ts";
import { type RegistryImage, readRegistryImage } from "./image-registry.ts";
import type { LiveStack } from "./live-stack.ts";
import { type LiveNode, reportPlatforms } from "./node-platforms.ts";
import { givenImage, type ReleaseEnvironment } from "./open-release.ts";
import { OwnImage, readOwnBuild } from "./own-image.ts";
import { registryServer } from "./registry.ts";

/** What decides the image of the API. */
export interface ServedImageArgs {
  config: StackConfig;
  /** The base images, with their digests where they are known. */
  images: ImagesConfig;
  /** Absolute path of the project. */
  project: string;
  /** Image of the kit's own API. */
  kitImage: string;
  release: ReleaseOverlay | undefined;
  /** Deployments that the cluster has. */
  deployments: LiveStack["deployments"];
  nodes: readonly LiveNode[] | undefined;
  env: ReleaseEnvironment;
}

/**
 * Chooses the image of the API: the one that a release names, one of the user's own that exists or is built here, or the kit's.
 *
 * @returns its name, and the resource that builds it if there is one
 * @throws {pulumi.RunError} when it cannot be built or runs on no node
 */
export async function chooseServedImage(
  args: ServedImageArgs,
): Promise<{ image: string; built: OwnImage | undefined }> {
  const { config, images, project, kitImage, env } = args;
  const { source } = config.api;
  const build = await readOwnBuild(source, images, project);
  const built = build && new OwnImage("own-api", { build, registry: config.registry });
  const given = givenImage(env);
  const named = given ?? source.image;
  if (named === undefined) return { image: built?.imageName ?? kitImage, built };
  return {
    image: await pinNamedImage(named, given === undefined ? "api.source.image" : "--image", args),
    built,
  };
}

/**
 * The pools with the digests of the images that they have of their own, see `pinNamedImage`.
 *
 * @throws {pulumi.RunError} when such an image runs on no node
 */
export function pinPools(
  pools: readonly PoolPlan[],
  args: Omit<ServedImageArgs, "env">,
): Promise<PoolPlan[]> {
  return Promise.all(
    pools.map(async (pool) =>
      pool.image === undefined
        ? pool
        : { ...pool, image: await pinNamedImage(pool.image, `the image of the pool ${pool.name}`, args) },
    ),
  );
}

/**
 * Adds the digest of its present content to the name of an image that exists, so that a tag that moves reaches all pods by an update,
 * and none by a restart. An open release goes on with the digest that it began with. A registry that does not say the digest does
 * not end the update: the deployed digest stays, and without one the tag is used as it is (docs/decisions.md#digest-of-an-own-image).
 *
 * @param option what names the image, for messages
 */
async function pinNamedImage(
  name: string,
  option: string,
  { config, release, deployments, nodes }: Omit<ServedImageArgs, "env">,
): Promise<string> {
  if (name.includes("@") || name === release?.image) return name;
  const isOfTag = (image: string) => image.startsWith(`${name}@`);
  if (release?.image && isOfTag(release.image)) return release.image;
  const deployed = [...deployments.values()].flatMap(({ images }) => images).find(isOfTag);
  const found = await ask(name, config.registry, deployed?.slice(name.length + 1));
  if (typeof found === "string") {
    const what = `The digest of ${option} (${name}) is not known: ${found}`;
    void pulumi.log.warn(
      deployed === undefined
        ? `${what}. Its pods get what the tag means when they start: if it moves, they differ. Name a digest: ${name}@sha256:…`
        : `${what}. The deployed one stays: ${deployed}`,
    );
    return deployed ?? name;
  }
  const { digest, platforms } = found;
  const pinned = `${name}@${digest}`;
  if (deployed !== undefined && deployed !== pinned)
    void pulumi.log.warn(`The tag of ${option} has moved: ${deployed} is deployed, and it is now ${pinned}`);
  const fix = "name an image for the platform of the nodes: docker buildx build --platform …";
  reportPlatforms({ platforms, option: `${option} (${name})`, fix }, nodes, config.api);
  return pinned;
}

/**
 * What the registry has, or why that is not known.
 *
 * @param deployed digest that the API's pods have: it has no platforms to be compared with the nodes
 * @throws {pulumi.RunError} when the embedded cluster's registry does not answer
 */
async function ask(
  name: string,
  registry: RegistryConfig,
  deployed: string | undefined,
): Promise<RegistryImage | string> {
  const server = registryServer(name.includes("/") ? name : "docker.io");
  const { address, username, password = "" } = registry;
  const login =
    username === undefined || registryServer(address) !== server ? undefined : { username, password };
  try {
    return (await readRegistryImage(name, login, deployed)) ?? `the registry ${server} has no such image`;
  } catch (error) {
    const { message } = error as Error;
    if (server === embeddedRegistry)
      throw new pulumi.RunError(`The registry ${server} cannot be asked (${message}); start it: npm run up`);
    return `the registry ${server} cannot be asked (${message})`;
  }
}
