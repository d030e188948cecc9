import { request as httpRequest } from "node:http";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import { Writable } from "node:stream";
import type { KubeConfig } from "@kubernetes/client-node";

const credentialsAgeMs = 60_000;
/** The API server responded with an error, or not at all. `status` is 0 without a response. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

/** How a client reaches a cluster. */
export interface ClusterAccess {
  /** URL of the API server. */
  server: string;
  /** The author of changes in an object's `managedFields`. */
  fieldManager: string;
  /** Adds certificates, a token or a proxy to the options of a request. */
  addCredentials(options: RequestOptions): Promise<void>;
  /** Needed to run commands in containers. */
  config?: KubeConfig;
}

/** A client of one cluster. It loads no library until a command runs in a container, because status uses it. */
export class ClusterApi {
  readonly #access: ClusterAccess;
  readonly #server: string;
  #agent: Agent | undefined;
  #options: Promise<RequestOptions> | undefined;
  #optionsFromMs = 0;

  /** @param access see openCluster for the access that a kubeconfig gives */
  constructor(access: ClusterAccess) {
    this.#access = access;
    this.#server = access.server.replace(/\/$/, "");
  }

  /**
   * GETs a path and parses the response as JSON.
   *
   * @throws {ApiError} on a status outside 2xx, and when there is no response within `timeoutMs`.
   */
  async getJson<T>(path: string, timeoutMs = 5000): Promise<T> {
    return JSON.parse(await this.getText(path, timeoutMs)) as T;
  }

  /** GETs a path. @throws {ApiError} see `getJson`. */
  getText(path: string, timeoutMs = 5000): Promise<string> {
    return this.#request("GET", path, timeoutMs);
  }

  /**
   * Merges the fields of `patch` into an object; a field that is null goes.
   *
   * @param dryRun whether the API server only checks the change. Default: false.
   * @throws {ApiError} see `getJson`.
   */
  async patch(path: string, patch: object, timeoutMs = 5000, dryRun = false): Promise<void> {
    const query = `fieldManager=${this.#access.fieldManager}${dryRun ? "&dryRun=All" : ""}`;
    await this.#request("PATCH", `${path}?${query}`, timeoutMs, {
      type: "application/strategic-merge-patch+json",
      text: JSON.stringify(patch),
    });
  }

  /** Creates or changes an object by server-side apply, and takes fields over from other authors. @throws {ApiError} */
  async apply(path: string, object: object, timeoutMs = 5000): Promise<void> {
    await this.#request("PATCH", `${path}?fieldManager=${this.#access.fieldManager}&force=true`, timeoutMs, {
      type: "application/apply-patch+yaml",
      text: JSON.stringify(object),
    });
  }

  /** Deletes an object with the given DeleteOptions. @throws {ApiError} see `getJson`. */
  async delete(path: string, options: object = {}, timeoutMs = 5000): Promise<void> {
    const text = JSON.stringify({ apiVersion: "v1", kind: "DeleteOptions", ...options });
    await this.#request("DELETE", path, timeoutMs, { type: "application/json", text });
  }

  /** Creates an object. @returns the created object @throws {ApiError} see `getJson`. */
  async create<T>(path: string, object: object, timeoutMs = 5000): Promise<T> {
    const body = { type: "application/json", text: JSON.stringify(object) };
    return JSON.parse(
      await this.#request("POST", `${path}?fieldManager=${this.#access.fieldManager}`, timeoutMs, body),
    ) as T;
  }

  /** POSTs to a path without a body, e.g. through a pod's proxy. @throws {ApiError} see `getJson`. */
  post(path: string, timeoutMs = 5000): Promise<string> {
    return this.#request("POST", path, timeoutMs);
  }

  /**
   * Runs a command in a container.
   *
   * @returns its standard output
   * @throws {ApiError} when the container cannot be reached, the command fails, or it takes longer than `timeoutMs`.
   */
  async exec(
    at: { namespace: string; pod: string; container: string },
    command: string[],
    timeoutMs = 5000,
  ): Promise<string> {
    const output = new Collected();
    const errors = new Collected();
    const where = `${at.pod}/${at.container}`;
    const { config } = this.#access;
    if (config === undefined) throw new ApiError(0, `${where}: commands need the access of a kubeconfig`);
    const { Exec } = await import("@kubernetes/client-node");
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        clearTimeout(timer);
        reject(new ApiError(0, `${command[0]} in ${where}: ${why}`));
      };
      let close = () => {};
      const timer = setTimeout(() => {
        fail(`no response within ${timeoutMs / 1000} s`);
        close();
      }, timeoutMs);
      new Exec(config)
        .exec(at.namespace, at.pod, at.container, command, output, errors, null, false, (status) => {
          clearTimeout(timer);
          if (status.status === "Success") resolve(output.text);
          else fail(errors.text.trim() || (status.message ?? "it failed"));
        })
        .then(
          (socket) => {
            close = () => socket.close();
            socket.addEventListener("close", () => fail("the connection closed before it ended"));
          },
          // The client rejects with the WebSocket's error event. Its message has the HTTP status.
          (error: { message?: string }) => fail(error.message ?? "no connection"),
        );
    });
  }

  async #request(
    method: string,
    path: string,
    timeoutMs: number,
    body?: { type: string; text: string },
  ): Promise<string> {
    const options = await this.#credentials();
    const url = `${this.#server}${path}`;
    const headers = {
      ...options.headers,
      ...(body && { "content-type": body.type, "content-length": Buffer.byteLength(body.text) }),
    };
    return new Promise((resolve, reject) => {
      const request = url.startsWith("https:") ? httpsRequest : httpRequest;
      const signal = AbortSignal.timeout(timeoutMs);
      const fail = (error: Error) =>
        reject(new ApiError(0, signal.aborted ? `no response within ${timeoutMs / 1000} s` : error.message));
      request(url, { ...options, method, headers, signal }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", fail);
        response.on("end", () => {
          const text = Buffer.concat(parts).toString("utf8");
          const status = response.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve(text);
          else reject(new ApiError(status, `HTTP ${status}: ${messageOf(text)}`));
        });
      })
        .on("error", fail)
        .end(body?.text);
    });
  }

  /** Reads the credentials once a minute: tokens expire, and credential plugins are slow. The connections stay open. */
  #credentials(): Promise<RequestOptions> {
    if (!this.#options || Date.now() - this.#optionsFromMs > credentialsAgeMs) {
      this.#optionsFromMs = Date.now();
      this.#options = this.#readCredentials();
    }
    return this.#options;
  }

  async #readCredentials(): Promise<RequestOptions> {
    const options: RequestOptions = {};
    await this.#access.addCredentials(options);
    // The client's plain agent opens a connection for each request. A proxy's agent has another class and is kept.
    if (options.agent && options.agent.constructor === Agent) {
      const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options;
      this.#agent ??= new Agent({
        ca,
        cert,
        key,
        pfx,
        passphrase,
        servername,
        rejectUnauthorized,
        keepAlive: true,
      });
      options.agent = this.#agent;
    }
    return options;
  }

  /** Closes the connections. */
  close(): void {
    this.#agent?.destroy();
  }
}

/** Path of a Secret. */
export function secretPath(namespace: string, name: string): string {
  return objectPath("/api/v1", namespace, "secrets", name);
}

/** Path of a namespace's pods at the API server, or of one of them. */
export function podPath(namespace: string, name?: string): string {
  return objectPath("/api/v1", namespace, "pods", name);
}

/** Path of a namespace's Services, or of one of them. */
export function servicePath(namespace: string, name?: string): string {
  return objectPath("/api/v1", namespace, "services", name);
}

/** Path of a namespace's Deployments, or of one of them. */
export function deploymentPath(namespace: string, name?: string): string {
  return objectPath("/apis/apps/v1", namespace, "deployments", name);
}

/** Path of a namespace's StatefulSets, or of one of them. */
export function statefulSetPath(namespace: string, name?: string): string {
  return objectPath("/apis/apps/v1", namespace, "statefulsets", name);
}

/** Path of a namespace's Jobs, or of one of them. */
export function jobPath(namespace: string, name?: string): string {
  return objectPath("/apis/batch/v1", namespace, "jobs", name);
}

/** Path of a CronJob. */
export function cronJobPath(namespace: string, name: string): string {
  return objectPath("/apis/batch/v1", namespace, "cronjobs", name);
}

/** Path of a namespace's ConfigMaps, or of one of them. */
export function configMapPath(namespace: string, name?: string): string {
  return objectPath("/api/v1", namespace, "configmaps", name);
}

/** Path of a namespace's Leases, or of one of them. */
export function leasePath(namespace: string, name?: string): string {
  return objectPath("/apis/coordination.k8s.io/v1", namespace, "leases", name);
}

/** The path of those objects of a kind that have all of the labels. */
export function withLabels(path: string, labels: Readonly<Record<string, string>>): string {
  const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return `${path}?labelSelector=${encodeURIComponent(selector.join(","))}`;
}

function objectPath(group: string, namespace: string, kind: string, name: string | undefined): string {
  const all = `${group}/namespaces/${encodeURIComponent(namespace)}/${kind}`;
  return name === undefined ? all : `${all}/${encodeURIComponent(name)}`;
}

/** Collects what is written to it. */
class Collected extends Writable {
  readonly #parts: Buffer[] = [];

  get text(): string {
    return Buffer.concat(this.#parts).toString("utf8");
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#parts.push(chunk);
    done();
  }
}

/** The message of a Kubernetes Status object, else the start of the text. */
function messageOf(text: string): string {
  try {
    const status = JSON.parse(text) as { message?: string };
    if (status.message) return status.message;
  } catch {}
  return text.slice(0, 200).trim();
}
