/** The parts of an image name as a user writes it. */
export interface ImageName {
  /** Registry with its port, such as `localhost:5000`; undefined when the name has none, and the engine uses Docker Hub. */
  registry: string | undefined;
  /** The name without its tag, as written: `localhost:5000/app/api`. */
  repository: string;
  /** `latest` when the name has none. */
  tag: string;
}

const component = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const registryPattern = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;

/**
 * Parses `[registry/]path[:tag]` by the distribution project's rules.
 *
 * @throws {Error} that names the wrong part, when this is not an image name or contains a digest.
 */
export function parseImageName(text: string): ImageName {
  if (text.includes("@")) {
    throw new Error(
      `"${text}" contains a digest; an image is built with a tag, like "localhost:5000/api:1.0"`,
    );
  }
  const lastSlash = text.lastIndexOf("/");
  const colon = text.indexOf(":", lastSlash + 1);
  const repository = colon < 0 ? text : text.slice(0, colon);
  const tag = colon < 0 ? "latest" : text.slice(colon + 1);
  if (!tagPattern.test(tag)) {
    throw new Error(`"${text}": the tag "${tag}" must be 1 to 128 letters, digits, ".", "_" or "-"`);
  }
  const parts = repository.split("/");
  const first = parts[0] ?? "";
  const hasRegistry = parts.length > 1 && (/[.:]/.test(first) || first === "localhost");
  if (hasRegistry && !registryPattern.test(first)) {
    throw new Error(`"${text}": "${first}" is not a registry address (host or host:port)`);
  }
  for (const part of hasRegistry ? parts.slice(1) : parts) {
    if (!component.test(part)) {
      throw new Error(
        `"${text}": "${part}" must be lowercase letters and digits, with ".", "_" or "-" between them`,
      );
    }
  }
  return { registry: hasRegistry ? first : undefined, repository, tag };
}

const dockerHub = new Set([
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
  "registry.hub.docker.com",
]);

/** Returns the host of a registry address, and `docker.io` for all addresses of Docker Hub. */
export function registryHost(address: string | undefined): string {
  const host = (address ?? "docker.io").replace(/^https?:\/\//, "").split("/")[0] ?? "";
  return dockerHub.has(host) ? "docker.io" : host;
}
