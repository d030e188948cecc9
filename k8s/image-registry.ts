import { registryServer } from "./registry.ts";

/** What a registry has under the name of an image. */
export interface RegistryImage {
  /** Digest of its present content: `sha256:…`. */
  digest: string;
  /** Platforms that it is for, as `os/architecture`. */
  platforms: string[];
}

/** Credentials of a registry. */
export interface RegistryLogin {
  username: string;
  password: string;
}

const indexTypes = [
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.index.v1+json",
];
const manifestTypes = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  ...indexTypes,
];
/** Limit of all requests for one image. */
const timeoutMs = 5000;

interface Platform {
  os?: string;
  architecture?: string;
}

interface Manifest {
  config?: { digest: string };
  manifests?: { platform?: Platform }[];
}

/**
 * Asks a registry for an image by its tag, as `docker pull` does: without a login first, then with the token of the registry's
 * token server (distribution.github.io/distribution/spec/auth/token). Registries of this machine are asked by HTTP, as the
 * Docker engine does.
 *
 * @param name name of the image, without a digest
 * @param login credentials for its registry; without them, only public images can be asked for
 * @param known a digest whose platforms need not be known. Only the digest is asked for first then: Docker Hub counts a request
 *   for the manifest as a pull, and HEAD not (docs.docker.com/docker-hub/usage/pulls)
 * @returns undefined when the registry has no such image; with the known digest, no platforms
 * @throws {Error} with the reason when the registry does not answer within 5 s, or refuses
 */
export async function readRegistryImage(
  name: string,
  login: RegistryLogin | undefined,
  known?: string,
): Promise<RegistryImage | undefined> {
  const { base, repository, tag } = addressOf(name);
  const session = new Session(`${base}/v2/${repository}`, login);
  const path = `manifests/${tag}`;
  const accept = manifestTypes.join(", ");
  if (known !== undefined && known === (await session.digest(path, accept)))
    return { digest: known, platforms: [] };
  const answer = await session.get(path, accept);
  if (answer.status === 404) return undefined;
  const digest = answer.headers.get("docker-content-digest");
  if (digest === null) throw new Error("it names no digest");
  const manifest = (await answer.json()) as Manifest;
  if (manifest.manifests !== undefined)
    return { digest, platforms: platformsOf(manifest.manifests.map(({ platform }) => platform ?? {})) };
  const { config } = manifest;
  if (config === undefined) return { digest, platforms: [] };
  const settings = (await (await session.get(`blobs/${config.digest}`, "*/*")).json()) as Platform;
  return { digest, platforms: platformsOf([settings]) };
}

/** Attestations have the platform `unknown/unknown`. */
function platformsOf(platforms: readonly Platform[]): string[] {
  const names = platforms.flatMap(({ os, architecture }) =>
    os === undefined || architecture === undefined || os === "unknown" ? [] : [`${os}/${architecture}`],
  );
  return [...new Set(names)];
}

/** Server, repository and tag of an image's name, with Docker Hub's rules. */
function addressOf(name: string): { base: string; repository: string; tag: string } {
  const host = registryServer(name.includes("/") ? name : `docker.io/${name}`);
  const rest = name.startsWith(`${host}/`) ? name.slice(host.length + 1) : name;
  const [path = "", tag = "latest"] = rest.split(":");
  const isHub = /^(index\.)?docker\.io$/.test(host);
  const repository = isHub && !path.includes("/") ? `library/${path}` : path;
  if (isHub) return { base: "https://registry-1.docker.io", repository, tag };
  // The registry of this machine may listen on IPv4 only.
  const isLocal = /^(localhost|127\.0\.0\.1)(:|$)/.test(host);
  return {
    base: isLocal ? `http://${host.replace("localhost", "127.0.0.1")}` : `https://${host}`,
    repository,
    tag,
  };
}

type Method = "GET" | "HEAD";

/** Requests for one repository, with one time limit and one token. */
class Session {
  readonly #url: string;
  readonly #login: RegistryLogin | undefined;
  readonly #signal = AbortSignal.timeout(timeoutMs);
  #authorization: string | undefined;

  constructor(url: string, login: RegistryLogin | undefined) {
    this.#url = url;
    this.#login = login;
  }

  /** Returns responses with 200 and 404. @throws {Error} on every other */
  async get(path: string, accept: string): Promise<Response> {
    const answer = await this.#ask("GET", path, accept);
    if (!answer.ok && answer.status !== 404)
      throw new Error(
        [401, 403].includes(answer.status)
          ? `it refuses the request (HTTP ${answer.status})`
          : `it answers with HTTP ${answer.status}`,
      );
    return answer;
  }

  /** Digest of a path's content, without the content; undefined when the registry does not say it this way. */
  async digest(path: string, accept: string): Promise<string | undefined> {
    const { ok, headers } = await this.#ask("HEAD", path, accept);
    return (ok && headers.get("docker-content-digest")) || undefined;
  }

  async #ask(method: Method, path: string, accept: string): Promise<Response> {
    const answer = await this.#fetch(method, path, accept);
    if (answer.status !== 401 || this.#authorization !== undefined) return answer;
    this.#authorization = await this.#authorize(answer.headers.get("www-authenticate") ?? "");
    return this.#fetch(method, path, accept);
  }

  #fetch(method: Method, path: string, accept: string): Promise<Response> {
    const authorization = this.#authorization;
    return this.#request(`${this.#url}/${path}`, { accept, ...(authorization && { authorization }) }, method);
  }

  async #request(url: string, headers: Record<string, string>, method: Method = "GET"): Promise<Response> {
    try {
      return await fetch(url, { method, headers, signal: this.#signal });
    } catch (error) {
      const { message } = ((error as Error).cause as Error | undefined) ?? (error as Error);
      throw new Error(`it does not answer: ${message}`, { cause: error });
    }
  }

  /** @param challenge the header `WWW-Authenticate` of a response with 401 */
  async #authorize(challenge: string): Promise<string | undefined> {
    const basic =
      this.#login &&
      `Basic ${Buffer.from(`${this.#login.username}:${this.#login.password}`).toString("base64")}`;
    if (/^basic\b/i.test(challenge)) return basic;
    const { realm, ...query } = Object.fromEntries(
      [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
    );
    if (!/^bearer\b/i.test(challenge) || realm === undefined) return basic;
    if (basic !== undefined && this.#url.startsWith("https:") && !realm.startsWith("https:"))
      throw new Error(`its token server ${realm} would get the password unencrypted`);
    const url = new URL(realm);
    for (const key of ["service", "scope"])
      if (query[key] !== undefined) url.searchParams.set(key, query[key]);
    const answer = await this.#request(url.href, basic === undefined ? {} : { authorization: basic });
    if (!answer.ok) throw new Error(`its token server answers with HTTP ${answer.status}`);
    const { token, access_token } = (await answer.json()) as { token?: string; access_token?: string };
    return `Bearer ${token ?? access_token}`;
  }
}
