import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { tryCommand } from "../../../host/run-command.ts";
import { registryHost } from "./image-name.ts";

/** Credentials that the engine gets for a registry. */
export interface RegistryCredentials {
  serveraddress: string;
  username?: string;
  password?: string;
  identitytoken?: string;
}

interface DockerConfig {
  auths?: Record<string, { auth?: string; username?: string; password?: string; identitytoken?: string }>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
}

const dockerConfigPath = (): string =>
  join(process.env.DOCKER_CONFIG || join(homedir(), ".docker"), "config.json");

/**
 * Reads the Docker configuration file of the user who runs Pulumi ($DOCKER_CONFIG/config.json, else ~/.docker/config.json).
 *
 * @returns empty when there is no such file.
 * @throws {Error} when the file is not JSON.
 */
export async function readDockerConfig(path = dockerConfigPath()): Promise<DockerConfig> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "{}";
    throw error;
  });
  try {
    return JSON.parse(text) as DockerConfig;
  } catch (error) {
    throw new Error(`${path} is not valid JSON (${(error as Error).message}); correct or remove it`);
  }
}

/**
 * Looks up the credentials of one registry: first with its own credential helper, then in `auths`, then with the default
 * helper.
 *
 * @returns undefined when there are none, and the engine pushes without.
 */
export async function findCredentials(
  registry: string,
  config: DockerConfig,
): Promise<RegistryCredentials | undefined> {
  const host = registryHost(registry);
  const serveraddress = host === "docker.io" ? "https://index.docker.io/v1/" : host;
  const own = Object.entries(config.credHelpers ?? {}).find(([address]) => registryHost(address) === host);
  if (own) return askHelper(own[1], serveraddress);
  for (const [address, entry] of Object.entries(config.auths ?? {})) {
    if (registryHost(address) !== host) continue;
    if (entry.identitytoken) return { serveraddress, identitytoken: entry.identitytoken };
    const decoded = Buffer.from(entry.auth ?? "", "base64").toString("utf8");
    const colon = decoded.indexOf(":");
    const username = entry.username ?? (colon < 0 ? "" : decoded.slice(0, colon));
    const password = entry.password ?? (colon < 0 ? "" : decoded.slice(colon + 1).replace(/\0+$/, ""));
    if (username !== "") return { serveraddress, username, password };
  }
  return config.credsStore ? askHelper(config.credsStore, serveraddress) : undefined;
}

/** Runs `docker-credential-<helper>`. @returns undefined when the helper is missing or has no credentials. */
async function askHelper(helper: string, serveraddress: string): Promise<RegistryCredentials | undefined> {
  try {
    const { exitCode, stdout } = await tryCommand(`docker-credential-${helper}`, ["get"], {
      input: `${serveraddress}\n`,
      timeoutMs: 30_000,
    });
    if (exitCode !== 0) return undefined;
    const { Username, Secret } = JSON.parse(stdout) as { Username?: string; Secret?: string };
    if (Username === "<token>") return { serveraddress, identitytoken: Secret };
    return { serveraddress, username: Username, password: Secret };
  } catch {
    return undefined;
  }
}

/** Returns all `auths` entries by registry address, in the form that the engine reads for the base images of a build. */
export async function credentialsForBuild(
  config: DockerConfig,
): Promise<Record<string, { username: string; password: string }>> {
  const found: Record<string, { username: string; password: string }> = {};
  const addresses = [...Object.keys(config.auths ?? {}), ...Object.keys(config.credHelpers ?? {})];
  for (const address of addresses) {
    const credentials = await findCredentials(address, config);
    if (credentials?.username === undefined) continue;
    const { serveraddress, username, password = "" } = credentials;
    found[serveraddress] = { username, password };
  }
  return found;
}
