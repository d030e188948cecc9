import { get as httpGet } from "node:http";
import { Agent, get as httpsGet, type RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { Broken } from "./verdict.ts";

const credentialsAgeMs = 60_000;

/** The API server answered with an error, or not at all. `status` is 0 without an answer. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

/** Reads from one cluster, named by kubeconfig file and context; never by the environment. */
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

  /** @throws Broken when the file cannot be read or does not know the context. */
  static open(kubeconfig: string, context: string): ClusterApi {
    const config = new KubeConfig();
    try {
      config.loadFromFile(kubeconfig);
    } catch (error) {
      throw new Broken(
        `the kubeconfig of the stack cannot be read: ${kubeconfig} (${(error as Error).message})`,
        "bring the cluster up again (npm run up), or mend cluster.kubeconfig in the stack config",
        { cause: error },
      );
    }
    config.setCurrentContext(context);
    const cluster = config.getCurrentCluster();
    if (!cluster) {
      const known = config.contexts.map((each) => each.name).join(", ") || "none";
      throw new Broken(
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
  async getText(path: string, timeoutMs = 5000): Promise<string> {
    const options = await this.#credentials();
    const url = `${this.#server}${path}`;
    return new Promise((resolve, reject) => {
      const get = url.startsWith("https:") ? httpsGet : httpGet;
      const signal = AbortSignal.timeout(timeoutMs);
      const fail = (error: Error) =>
        reject(new ApiError(0, signal.aborted ? `no answer within ${timeoutMs / 1000} s` : error.message));
      get(url, { ...options, signal }, (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("error", fail);
        answer.on("end", () => {
          const text = Buffer.concat(parts).toString("utf8");
          const status = answer.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve(text);
          else reject(new ApiError(status, `HTTP ${status}: ${messageOf(text)}`));
        });
      }).on("error", fail);
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

/** The message of a Kubernetes Status object, else the beginning of the text. */
function messageOf(text: string): string {
  try {
    const status = JSON.parse(text) as { message?: string };
    if (status.message) return status.message;
  } catch {}
  return text.slice(0, 200).trim();
}
