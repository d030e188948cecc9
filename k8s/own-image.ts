import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { Image } from "@pulumi/docker/image.js";
import * as pulumi from "@pulumi/pulumi";
import { shortHash } from "../config/derive.ts";
import type { SourceConfig } from "../config/sections/api-source.ts";
import type { ImagesConfig } from "../config/sections/images.ts";
import type { RegistryConfig } from "../config/sections/registry.ts";
import { type BuildContext, readContext } from "../host/build-context.ts";
import { contextDigest } from "../host/context-digest.ts";
import { pushTarget } from "./registry.ts";

/** A folder above this size is a mistake: it is read, hashed and sent to the engine. */
const maxContextBytes = 512 * 2 ** 20;

/** What an image of one's own is built from, as read from the folder. */
export interface OwnBuild {
  /** Folder, relative to the project, so that Pulumi's state names no folder of this machine. */
  context: string;
  /** Path of the Dockerfile, relative to the project. */
  dockerfile: string;
  target: string | undefined;
  /** `linux/amd64`, for example. */
  platform: string;
  args: Readonly<Record<string, string>>;
  /** The files that the build can see. */
  files: BuildContext;
  /** Hash of them; equal content gives an equal digest on every machine. */
  digest: string;
}

/** What an image of one's own is built from, and the registry that it is pushed to. */
export interface OwnImageArgs {
  build: OwnBuild;
  registry: RegistryConfig;
}

/**
 * Reads the folder of `api.source.context`.
 *
 * @param source its section of stack config
 * @param images base image, which is the value of `BASE_IMAGE` where the Dockerfile has such an argument and config gives none,
 *   and the platform of an API whose section names none
 * @param project absolute path of the project
 * @returns the build; undefined without `api.source.context`
 * @throws {pulumi.RunError} when the folder cannot be read, has no Dockerfile, or is above 512 MiB
 */
export async function readOwnBuild(
  source: SourceConfig,
  { node: baseImage, platform }: Pick<ImagesConfig, "node" | "platform">,
  project: string,
): Promise<OwnBuild | undefined> {
  if (source.context === undefined) return undefined;
  const folder = resolve(project, source.context);
  const dockerfile = join(folder, source.dockerfile ?? "Dockerfile");
  if (!existsSync(folder))
    throw new pulumi.RunError(
      `api.source.context is ${source.context}, but there is no folder ${folder}; it is relative to the project's folder: pulumi config set --path api.source.context …`,
    );
  if (!existsSync(dockerfile))
    throw new pulumi.RunError(
      `${folder} has no ${source.dockerfile ?? "Dockerfile"}; name it, relative to that folder: pulumi config set --path api.source.dockerfile …`,
    );
  const files = await readContext(folder, dockerfile).catch((error: Error) => {
    throw new pulumi.RunError(`api.source.context cannot be read: ${error.message}`);
  });
  refuseHuge(source.context, files);
  refuseCheckout(source.context, relative(folder, project), files);
  const hasBase = /^\s*ARG\s+BASE_IMAGE\b/im.test(readFileSync(dockerfile, "utf8"));
  return {
    context: relative(project, folder) || ".",
    dockerfile: relative(project, dockerfile),
    target: source.target,
    platform: source.platform ?? platform,
    args: { ...(hasBase && { BASE_IMAGE: baseImage }), ...source.args },
    files,
    digest: await contextDigest(files),
  };
}

/** Each update and load test writes files into the checkout: the tag would change every time. */
function refuseCheckout(context: string, checkout: string, { entries }: BuildContext): void {
  if (checkout.startsWith("..") || isAbsolute(checkout)) return;
  const path = checkout.split(sep).join("/");
  const prefix = path === "" ? "" : `${path}/`;
  if (!entries.some(({ name }) => name === `${prefix}Pulumi.yaml`)) return;
  throw new pulumi.RunError(
    `api.source.context (${context}) contains this checkout, whose files change with each update. Add ${path === "" ? "its files" : path} to the folder's .dockerignore, or name the API's own folder.`,
  );
}

function refuseHuge(context: string, { entries }: BuildContext): void {
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  if (bytes <= maxContextBytes) return;
  const byName = new Map<string, number>();
  for (const { name, size } of entries) {
    const [top = name] = name.split("/");
    byName.set(top, (byName.get(top) ?? 0) + size);
  }
  const largest = [...byName].sort(([, a], [, b]) => b - a).slice(0, 3);
  const shown = largest.map(([name, size]) => `${name} (${inMebibytes(size)})`).join(", ");
  throw new pulumi.RunError(
    `api.source.context (${context}) has ${inMebibytes(bytes)}, more than ${inMebibytes(maxContextBytes)}, all of which would be hashed and sent to the engine. The largest: ${shown}. Name what the image does not need in its .dockerignore.`,
  );
}

function inMebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}

/** Name of the image, whose tag is a hash of everything that it is built from. */
export function ownImageName(build: OwnBuild, registry: string): string {
  const { context, target = "", platform, args, digest } = build;
  // The digest has its content.
  const dockerfile = relative(context, build.dockerfile).split(sep).join("/");
  const given = Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${registry}/breakwater/own-api:${shortHash(digest, platform, dockerfile, target, ...given.flat())}`;
}

/** An image built from a folder and its Dockerfile. Its tag is a hash of its content, as that of the kit's own API. */
export class OwnImage extends pulumi.ComponentResource {
  /** Name with the tag; known before the image is built. */
  readonly imageName: string;

  constructor(name: string, { build, registry }: OwnImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:OwnImage", name, {}, opts);
    const { context, dockerfile, target, platform, args } = build;
    this.imageName = ownImageName(build, registry.address);
    new Image(
      name,
      {
        imageName: this.imageName,
        build: { context, dockerfile, platform, args, ...(target !== undefined && { target }) },
        registry: pushTarget(registry),
      },
      { parent: this },
    );
    this.registerOutputs({ imageName: this.imageName });
  }
}
