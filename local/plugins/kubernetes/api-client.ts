import http from "node:http";
import https from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { ApiError, type ApiStatus } from "./api-error.ts";
import type { Manifest } from "./manifest.ts";
import type { ResourceType } from "./resource-type.ts";

type Method = "GET" | "POST" | "PATCH" | "DELETE";
export type Query = Record<string, string | number | boolean | undefined>;
interface Response {
  readonly code: number;
  readonly body: string;
}

/** Credentials may come from a helper program and run out, so they are asked for again after this time. */
const credentialsMaxAgeMs = 60_000;
const requestTimeoutMs = 35_000;
/** Bookmarks come about once a minute. */
const watchSilenceMs = 150_000;
const retryDelaysMs = [200, 500, 1000, 2000];

/** Where objects of one kind live. */
export interface Endpoint {
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Raw REST access to one cluster: JSON in, JSON out, refusals as `ApiError`. */
export class ApiClient {
  readonly server: string;
  readonly #kubeconfig: KubeConfig;
  #options: { made: number; value: Promise<https.RequestOptions> } | undefined;
  readonly #groups = new Map<string, Promise<Map<string, Endpoint>>>();

  constructor(kubeconfig: KubeConfig) {
    this.#kubeconfig = kubeconfig;
    this.server = kubeconfig.getCurrentCluster()?.server.replace(/\/$/, "") ?? "";
  }

  /** The object's path; `endpointOf` is asked for its kind. */
  async pathOf(type: ResourceType, namespace: string | undefined, name?: string): Promise<string> {
    const { plural, namespaced } = await this.endpointOf(type);
    const scope = namespaced ? `/namespaces/${encodeURIComponent(namespace ?? "default")}` : "";
    return `${groupPath(type.apiVersion)}${scope}/${plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
  }

  /**
   * How the server names the kind.
   * @throws {ApiError} 404 when the server does not know it (yet).
   */
  async endpointOf({ apiVersion, kind }: ResourceType): Promise<Endpoint> {
    const cached = this.#groups.get(apiVersion) ?? this.#discover(apiVersion);
    this.#groups.set(apiVersion, cached);
    const forget = (): void => {
      this.#groups.delete(apiVersion);
    };
    const kinds = await cached.catch((error) => {
      forget();
      throw error;
    });
    const found = kinds.get(kind);
    if (found) return found;
    forget();
    throw new ApiError(404, {
      message: `no matches for kind "${kind}" in version "${apiVersion}"`,
      reason: "NotFound",
    });
  }

  async #discover(apiVersion: string): Promise<Map<string, Endpoint>> {
    interface Resources {
      resources: { name: string; kind: string; namespaced: boolean }[];
    }
    const { resources } = await this.#json<Resources>("GET", groupPath(apiVersion));
    const kinds = resources.filter(({ name }) => !name.includes("/"));
    return new Map(kinds.map(({ name, kind, namespaced }) => [kind, { plural: name, namespaced }]));
  }

  /** GETs JSON, retrying what may pass by itself. */
  get<T>(path: string, query: Query = {}): Promise<T> {
    return this.#json<T>("GET", path, query);
  }

  /** Creates with POST; never repeated after the request was sent. */
  create(path: string, manifest: Manifest, query: Query): Promise<Manifest> {
    return this.#json<Manifest>("POST", path, query, JSON.stringify(manifest), "application/json");
  }

  /** Server-side apply. */
  apply(path: string, manifest: Manifest, query: Query): Promise<Manifest> {
    return this.#json<Manifest>(
      "PATCH",
      path,
      query,
      JSON.stringify(manifest),
      "application/apply-patch+yaml",
    );
  }

  /** JSON patch (RFC 6902). */
  patch(path: string, operations: readonly object[]): Promise<Manifest> {
    return this.#json<Manifest>("PATCH", path, {}, JSON.stringify(operations), "application/json-patch+json");
  }

  delete(path: string, options: object): Promise<unknown> {
    return this.#json("DELETE", path, {}, JSON.stringify(options), "application/json");
  }

  /** GETs plain text, such as logs. */
  async text(path: string, query: Query): Promise<string> {
    const { code, body } = await this.#send("GET", path, query);
    if (code >= 300) throw new ApiError(code, parseStatus(body));
    return body;
  }

  /**
   * GETs an endless answer and gives its lines. Resolves when the server ends it, rejects on failures, on `signal` and
   * when nothing was heard for longer than a watch's bookmarks are apart.
   */
  async lines(
    path: string,
    query: Query,
    signal: AbortSignal,
    onLine: (line: string) => void,
  ): Promise<void> {
    const response = await this.#open("GET", path, query, { signal, timeoutMs: watchSilenceMs });
    if ((response.statusCode ?? 0) >= 300) {
      throw new ApiError(response.statusCode ?? 0, parseStatus(await readAll(response)));
    }
    let rest = "";
    response.setEncoding("utf8");
    for await (const chunk of response) {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) if (line !== "") onLine(line);
    }
  }

  async #json<T>(method: Method, path: string, query: Query = {}, body?: string, type?: string): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      const delay = retryDelaysMs[attempt];
      let failure: unknown;
      try {
        const response = await this.#send(method, path, query, body, type);
        if (response.code < 300) return JSON.parse(response.body) as T;
        failure = new ApiError(response.code, parseStatus(response.body));
        if (response.code === 401) this.#options = undefined;
        // The API server asks for a retry; it did not carry the request out.
        if (delay === undefined || ![429, 503].includes(response.code)) throw failure;
      } catch (error) {
        if (error === failure || delay === undefined || method === "POST") throw this.#explain(error);
        failure = error;
      }
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }

  #explain(error: unknown): unknown {
    if (error instanceof ApiError || !(error instanceof Error)) return error;
    const context = this.#kubeconfig.getCurrentContext();
    const reason = error.message || ("code" in error ? String(error.code) : error.name);
    return new Error(
      `the Kubernetes API server at ${this.server} (context ${context}) cannot be reached: ${reason}; check that the cluster is up`,
      { cause: error },
    );
  }

  #requestOptions(): Promise<https.RequestOptions> {
    if (!this.#options || Date.now() - this.#options.made > credentialsMaxAgeMs) {
      this.#options = { made: Date.now(), value: this.#freshOptions() };
    }
    return this.#options.value;
  }

  async #freshOptions(): Promise<https.RequestOptions> {
    const options: https.RequestOptions = {};
    await this.#kubeconfig.applyToHTTPSOptions(options);
    // The client library's agent opens a connection per request.
    if (!this.#kubeconfig.getCurrentCluster()?.proxyUrl) {
      const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
      const tls = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
      const given = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
      options.agent = this.server.startsWith("http:")
        ? new http.Agent({ keepAlive: true })
        : new https.Agent({ keepAlive: true, ...given });
    }
    return options;
  }

  async #send(
    method: Method,
    path: string,
    query: Query,
    body?: string,
    contentType?: string,
  ): Promise<Response> {
    const response = await this.#open(method, path, query, {
      body,
      contentType,
      timeoutMs: requestTimeoutMs,
    });
    return { code: response.statusCode ?? 0, body: await readAll(response) };
  }

  /** Sends a request; resolves when the answer begins. */
  async #open(
    method: Method,
    path: string,
    query: Query,
    { body, contentType, signal, timeoutMs }: Sending,
  ): Promise<http.IncomingMessage> {
    const options = await this.#requestOptions();
    const url = new URL(`${this.server}${path}`);
    for (const [key, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(key, String(value));
    }
    const headers: http.OutgoingHttpHeaders = {
      ...(options.headers as http.OutgoingHttpHeaders),
      accept: "*/*",
    };
    if (body !== undefined) {
      headers["content-type"] = contentType;
      headers["content-length"] = Buffer.byteLength(body);
    }
    return await new Promise((resolve, reject) => {
      const { request } = url.protocol === "http:" ? http : https;
      const sent = request(url, { ...options, method, headers, signal, timeout: timeoutMs }, resolve);
      sent.on("timeout", () => sent.destroy(new Error(`no answer in ${timeoutMs / 1000} s`)));
      sent.on("error", reject);
      sent.end(body);
    });
  }
}

interface Sending {
  readonly body?: string;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
}

async function readAll(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

const groupPath = (apiVersion: string): string =>
  apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

function parseStatus(body: string): ApiStatus {
  try {
    return JSON.parse(body) as ApiStatus;
  } catch {
    return { message: body.trim() || undefined };
  }
}
