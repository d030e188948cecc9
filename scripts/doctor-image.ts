import { join } from "node:path";
import type { StackConfig } from "../config/stack-config.ts";
import { UserError } from "../contract/user-error.ts";
import { readContext } from "../host/build-context.ts";
import type { Report } from "../host/steps.ts";
import { ownImageName, readOwnBuild } from "../k8s/own-image.ts";
import { pinImage } from "../k8s/pinned-image.ts";
import { buildImage } from "../local/plugins/docker/build.ts";
import { connectEngine } from "../local/plugins/docker/engine.ts";
import { parseImageName, registryHost } from "../local/plugins/docker/image-name.ts";
import { pushImage } from "../local/plugins/docker/push.ts";
import { findCredentials, readDockerConfig } from "../local/plugins/docker/registry-credentials.ts";

const timeoutMs = 1_800_000;

/**
 * Builds and pushes the image of `api.source.context`, under the name that `pulumi up` gives it.
 *
 * @param project absolute path of the checkout
 * @returns the image's name
 * @throws {UserError} with the engine's last lines when it cannot be built
 */
export async function buildForDoctor(config: StackConfig, project: string, report: Report): Promise<string> {
  const { source } = config.api;
  const { platform, node } = config.images;
  try {
    const build = await readOwnBuild(source, await pinImage(node), project);
    if (build === undefined) throw new Error("there is no folder to build");
    const name = ownImageName(build, platform, config.registry.address);
    const engine = await connectEngine();
    const options = { signal: AbortSignal.timeout(timeoutMs), output: report };
    const files = await readContext(join(project, build.context), join(project, build.dockerfile));
    const { context, dockerfile, target, args, digest } = build;
    const inputs = {
      context,
      dockerfile,
      platform,
      args: { ...args },
      ...(target !== undefined && { target }),
      cacheFrom: [],
      addHosts: [],
      contextDigest: digest,
    };
    await buildImage(engine, name, files, inputs, { ...options, credentials: {} });
    const credentials = await findCredentials(
      registryHost(parseImageName(name).registry),
      await readDockerConfig(),
    );
    await pushImage(engine, name, { ...options, credentials });
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
