import type { StackConfig } from "../config/stack-config.ts";
import { UserError } from "../contract/user-error.ts";
import type { Report } from "../host/steps.ts";
import { ownImageName, readOwnBuild } from "../k8s/own-image.ts";
import { pinImage } from "../k8s/pinned-image.ts";
import { buildAndPush } from "../local/plugins/docker/build-and-push.ts";

const timeoutMs = 1_800_000;

/**
 * Builds and pushes the image of `api.source.context`, under the name that `pulumi up` gives it.
 *
 * @param project absolute path of the checkout
 * @returns the image's name
 * @throws {UserError} with the engine's last lines when it cannot be built
 */
export async function buildForDoctor(config: StackConfig, project: string, report: Report): Promise<string> {
  try {
    const images = { ...config.images, node: await pinImage(config.images.node) };
    const build = await readOwnBuild(config.api.source, images, project);
    if (build === undefined) throw new Error("there is no folder to build");
    const name = ownImageName(build, config.registry.address);
    const { files, digest, args, target, ...rest } = build;
    await buildAndPush(
      name,
      files,
      {
        ...rest,
        args: { ...args },
        ...(target !== undefined && { target }),
        cacheFrom: [],
        addHosts: [],
        contextDigest: digest,
      },
      { push: true, signal: AbortSignal.timeout(timeoutMs), output: report },
    );
    return name;
  } catch (error) {
    throw new UserError(
      `the image cannot be built: ${(error as Error).message}`,
      "correct the Dockerfile, or the folder",
      {
        cause: error,
      },
    );
  }
}
