import { readFile } from "node:fs/promises";

const account = "/var/run/secrets/kubernetes.io/serviceaccount";
const timeoutMs = 3_000;

/** An object of the API server. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string; resourceVersion?: string };
}

/** Where the API server is, and what a request logs in with. */
export interface KubernetesAccess {
  /** Without a slash at the end. */
  url: string;
  /** Read for every request, because Kubernetes renews it. */
  token: () => Promise<string>;
}

/**
 * The access of a pod, by its service account. NODE_EXTRA_CA_CERTS must name the account's `ca.crt`.
 *
 * @see https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
 */
export function accessOfPod({
  KUBERNETES_SERVICE_HOST: host = "",
  KUBERNETES_SERVICE_PORT: port = "443",
}: NodeJS.ProcessEnv): KubernetesAccess {
  const name = host.includes(":") ? `[${host}]` : host;
  return { url: `https://${name}:${port}`, token: () => readFile(`${account}/token`, "utf8") };
}

/** The few requests to the API server that the controller sends. */
export class Kubernetes {
  readonly #access: KubernetesAccess;

  constructor(access: KubernetesAccess) {
    this.#access = access;
  }

  /** Reads an object; undefined when there is none. @throws {Error} when the API server refuses, or does not respond. */
  async get<T>(path: string): Promise<T | undefined> {
    const response = await this.#send("GET", path);
    if (response.status === 404) return undefined;
    return JSON.parse(await textOf(response, path)) as T;
  }

  /**
   * Creates an object, or replaces the version that its `resourceVersion` names.
   *
   * @returns whether it did; false when somebody else has created or changed it before
   * @throws {Error} when the API server refuses for another reason, or does not respond.
   */
  async write(path: string, object: KubernetesObject): Promise<boolean> {
    const response =
      object.metadata.resourceVersion === undefined
        ? await this.#send("POST", path.slice(0, path.lastIndexOf("/")), object)
        : await this.#send("PUT", path, object);
    if (response.status === 409) return false;
    await textOf(response, path);
    return true;
  }

  async #send(method: string, path: string, body?: object): Promise<Response> {
    const token = await this.#access.token();
    return fetch(this.#access.url + path, {
      method,
      headers: { authorization: `Bearer ${token.trim()}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
  }
}

async function textOf(response: Response, path: string): Promise<string> {
  const text = await response.text();
  if (!response.ok)
    throw new Error(`the API server responds with ${response.status} to ${path}: ${text.slice(0, 200)}`);
  return text;
}
