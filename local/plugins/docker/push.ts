import type { Readable } from "node:stream";
import type Docker from "dockerode";
import type { OutputLine } from "./build.ts";
import { engineMessages } from "./engine.ts";
import { parseImageName } from "./image-name.ts";
import type { RegistryCredentials } from "./registry-credentials.ts";

/**
 * Pushes a tagged image to the registry in its name.
 *
 * @returns the pushed manifest as `repository@sha256:…`.
 * @throws {Error} `error reading push output: <why>`, with the registry's address.
 */
export async function pushImage(
  engine: Docker,
  imageName: string,
  options: { credentials: RegistryCredentials | undefined; signal: AbortSignal; output: OutputLine },
): Promise<string> {
  const { repository, registry, tag } = parseImageName(imageName);
  const failed = (why: string): Error => {
    const address = registry ?? "docker.io";
    const hint = why.includes(address) ? "" : ` (registry ${address})`;
    return new Error(`error reading push output: ${why}${hint}`);
  };
  let digest: string | undefined;
  const lastStatus = new Map<string, string>();
  try {
    const answer = await engine.getImage(repository).push({
      tag,
      // The engine requires the header also without credentials.
      authconfig: (options.credentials ?? {}) as Docker.AuthConfig,
      abortSignal: options.signal,
    });
    for await (const message of engineMessages(answer as Readable)) {
      if (message.error !== undefined) throw new Error(message.errorDetail?.message || message.error);
      // A layer repeats its status with every step of its progress bar.
      const { id = "", status } = message;
      if (status !== undefined && lastStatus.get(id) !== status) {
        lastStatus.set(id, status);
        options.output(id === "" ? status : `${id}: ${status}`);
      }
      digest = message.aux?.Digest ?? digest;
    }
  } catch (error) {
    const cause = options.signal.aborted ? options.signal.reason : error;
    throw failed((cause as Error).message);
  }
  if (digest === undefined) throw failed("the engine ended its answer without a digest");
  return `${repository.replace(/^docker\.io\/(library\/)?/, "")}@${digest}`;
}
