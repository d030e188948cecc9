import { request as httpRequest } from "node:http";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import { Writable } from "node:stream";
import { Exec, KubeConfig } from "@kubernetes/client-node";
import { UserError } from "../contract/user-error.ts";

const credentialsAgeMs = 60_000;
/** Whose changes these are, in an object's `managedFields`. */
const fieldManager = "breakwater-loadtest";

/** The API server answered with an error, or not at all. `status` is 0 without an answer. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

/** Talks to one cluster, named by kubeconfig file and context; never by the environment. */
export class ClusterApi {
  readonly #config: KubeConfig;
  readonly #server: string;
  #agent: Agent | undefined;
  #options: Promise<RequestOptions> | undefined;
  #optionsFromMs = 0;

  private constructor(config: KubeConfig, server: string) {
    this.#config = config;
    this.#server = server.replace(/\/$/, "");
  }

  /** @throws UserError when the file cannot be read or does not know the context. */
  static open(kubeconfig: string, context: string): ClusterApi {
    const config = new KubeConfig();
    try {
      config.loadFromFile(kubeconfig);
    } catch (error) {
      throw new UserError(
        `the kubeconfig of the stack cannot be read: ${kubeconfig} (${(error as Error).message})`,
        "bring the cluster up again (npm run up), or mend cluster.kubeconfig in the stack config",
        { cause: error },
      );
    }
    config.setCurrentContext(context);
    const cluster = config.getCurrentCluster();
    if (!cluster) {
      const known = config.contexts.map((each) => each.name).join(", ") || "none";
      throw new UserError(
        `${kubeconfig} has no context ${context} (it has: ${known})`,
        "set cluster.kubeContext in the stack config to one of them and run pulumi up again",
      );
    }
    return new ClusterApi(config, cluster.server);
  }

  /**
   * GETs a path and parses the answer as JSON.
   *
   * @throws ApiError on any other answer than 2xx, and when none comes within `timeoutMs`.
   */
  async getJson<T>(path: string, timeoutMs = 5000): Promise<T> {
    return JSON.parse(await this.getText(path, timeoutMs)) as T;
  }

  /** GETs a path. @throws ApiError, see `getJson`. */
  getText(path: string, timeoutMs = 5000): Promise<string> {
    return this.#request("GET", path, timeoutMs);
  }

  /** Merges the fields of `patch` into an object; a field that is null goes. @throws ApiError, see `getJson`. */
  async patch(path: string, patch: object, timeoutMs = 5000): Promise<void> {
    await this.#request("PATCH", `${path}?fieldManager=${fieldManager}`, timeoutMs, {
      type: "application/strategic-merge-patch+json",
      text: JSON.stringify(patch),
    });
  }

  /** Deletes an object with the given DeleteOptions. @throws ApiError, see `getJson`. */
  async delete(path: string, options: object = {}, timeoutMs = 5000): Promise<void> {
    const text = JSON.stringify({ apiVersion: "v1", kind: "DeleteOptions", ...options });
    await this.#request("DELETE", path, timeoutMs, { type: "application/json", text });
  }

  /** Creates an object. @returns it as the API server has it @throws ApiError, see `getJson`. */
  async create<T>(path: string, object: object, timeoutMs = 5000): Promise<T> {
    const body = { type: "application/json", text: JSON.stringify(object) };
    return JSON.parse(
      await this.#request("POST", `${path}?fieldManager=${fieldManager}`, timeoutMs, body),
    ) as T;
  }

  /** POSTs to a path without a body, e.g. through a pod's proxy. @throws ApiError, see `getJson`. */
  post(path: string, timeoutMs = 5000): Promise<string> {
    return this.#request("POST", path, timeoutMs);
  }

  /**
   * Runs a command in a container. @returns what it wrote to its standard output
   *
   * @throws ApiError when the container cannot be reached, the command fails, or it takes longer than `timeoutMs`.
   */
  async exec(
    at: { namespace: string; pod: string; container: string },
    command: string[],
    timeoutMs = 5000,
  ): Promise<string> {
    const output = new Collected();
    const errors = new Collected();
    const where = `${at.pod}/${at.container}`;
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        clearTimeout(timer);
        reject(new ApiError(0, `${command[0]} in ${where}: ${why}`));
      };
      let close = () => {};
      const timer = setTimeout(() => {
        fail(`no answer within ${timeoutMs / 1000} s`);
        close();
      }, timeoutMs);
      new Exec(this.#config)
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
          // The client gives the WebSocket's error event, whose message has the HTTP status.
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
        reject(new ApiError(0, signal.aborted ? `no answer within ${timeoutMs / 1000} s` : error.message));
      request(url, { ...options, method, headers, signal }, (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("error", fail);
        answer.on("end", () => {
          const text = Buffer.concat(parts).toString("utf8");
          const status = answer.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve(text);
          else reject(new ApiError(status, `HTTP ${status}: ${messageOf(text)}`));
        });
      })
        .on("error", fail)
        .end(body?.text);
    });
  }

  /** Tokens expire and credential plugins are slow: asked again once a minute. The connections stay. */
  #credentials(): Promise<RequestOptions> {
    if (!this.#options || Date.now() - this.#optionsFromMs > credentialsAgeMs) {
      this.#optionsFromMs = Date.now();
      this.#options = this.#readCredentials();
    }
    return this.#options;
  }

  async #readCredentials(): Promise<RequestOptions> {
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    // A proxy's agent is a class of its own and stays; the plain one would make a connection for each request.
    if (options.agent && options.agent.constructor === Agent) {
      const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options;
      this.#agent ??= new Agent({
        ...{ ca, cert, key, pfx, passphrase, servername, rejectUnauthorized },
        keepAlive: true,
      });
      options.agent = this.#agent;
    }
    return options;
  }

  /** Lets go of the connections. */
  close(): void {
    this.#agent?.destroy();
  }
}

/** Path of a namespace's pods at the API server, or of one of them. */
export function podPath(namespace: string, pod?: string): string {
  const pods = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
  return pod === undefined ? pods : `${pods}/${encodeURIComponent(pod)}`;
}

/** Keeps what is written to it. */
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

/** The message of a Kubernetes Status object, else the beginning of the text. */
function messageOf(text: string): string {
  try {
    const status = JSON.parse(text) as { message?: string };
    if (status.message) return status.message;
  } catch {}
  return text.slice(0, 200).trim();
}
