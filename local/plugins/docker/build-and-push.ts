import type { BuildContext } from "../../../host/build-context.ts";
import { buildImage, type OutputLine } from "./build.ts";
import { connectEngine } from "./engine.ts";
import type { BuildInputs } from "./image-inputs.ts";
import { parseImageName, registryHost } from "./image-name.ts";
import { pushImage } from "./push.ts";
import {
  credentialsForBuild,
  findCredentials,
  type RegistryCredentials,
  readDockerConfig,
} from "./registry-credentials.ts";

/** How an image is built. */
export interface BuildOptions {
  /** Address of the engine; undefined for the address in the environment. */
  host?: string | undefined;
  /** Credentials beside those of the Docker configuration file, which they precede; of two for a registry, the first counts. */
  logins?: readonly RegistryCredentials[];
  push: boolean;
  signal: AbortSignal;
  output: OutputLine;
}

/**
 * Builds an image, and pushes it to the registry in its name.
 *
 * @param files the build's context
 * @returns the image's ID, and with `push` the pushed manifest as `repository@sha256:…`
 * @throws {Error} with the step of the build, or the registry, that failed, and when no engine answers
 */
export async function buildAndPush(
  imageName: string,
  files: BuildContext,
  build: BuildInputs,
  { host, logins = [], push, signal, output }: BuildOptions,
): Promise<{ id: string; digest?: string }> {
  const engine = await connectEngine(host);
  const dockerConfig = await readDockerConfig();
  const credentials = await credentialsForBuild(dockerConfig);
  for (const { serveraddress, username, password = "" } of logins.toReversed())
    if (username !== undefined) credentials[serveraddress] = { username, password };
  const id = await buildImage(engine, imageName, files, build, { credentials, signal, output });
  if (!push) return { id };
  const registry = registryHost(parseImageName(imageName).registry);
  const login =
    logins.find(({ serveraddress }) => serveraddress === registry) ??
    (await findCredentials(registry, dockerConfig));
  return { id, digest: await pushImage(engine, imageName, { credentials: login, signal, output }) };
}
