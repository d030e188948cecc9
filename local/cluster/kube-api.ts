import { readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { parse } from "yaml";
import { componentKubeconfig } from "./layout.ts";
import { network } from "./network.ts";

/** A Kubernetes object as it is sent and received. */
export type KubeObject = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
} & {
  [field: string]: unknown;
};

/** What bring-up needs of the API: far less, and loaded far sooner, than a client library. */
export type KubeApi = {
  /** @returns the parsed answer, or undefined when there is no such object. @throws on any other status. */
  get(path: string): Promise<unknown>;
  /** Server-side apply at `path`, the object's own address. */
  apply(path: string, object: KubeObject): Promise<void>;
  close(): void;
};

const requestTimeoutMs = 5_000;

/** Connects with the administrator certificate that needs no role binding. */
export async function connectKubeApi(): Promise<KubeApi> {
  const kubeconfig = parse(await readFile(componentKubeconfig("super-admin"), "utf8")) as {
    clusters: { cluster: { "certificate-authority-data": string } }[];
    users: { user: { "client-certificate-data": string; "client-key-data": string } }[];
  };
  const decode = (value: string | undefined): Buffer => Buffer.from(value ?? "", "base64");
  const user = kubeconfig.users[0]?.user;
  const agent = new Agent({
    keepAlive: true,
    ca: decode(kubeconfig.clusters[0]?.cluster["certificate-authority-data"]),
    cert: decode(user?.["client-certificate-data"]),
    key: decode(user?.["client-key-data"]),
  });

  const send = (method: string, path: string, body?: string): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": "application/apply-patch+yaml" };
      const call = request(
        {
          host: network.nodeAddress,
          port: network.apiPort,
          method,
          path,
          headers,
          agent,
          timeout: requestTimeoutMs,
        },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => {
            text += part;
          });
          response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
          response.once("error", reject);
        },
      );
      call.once("timeout", () => call.destroy(new Error(`no answer to ${method} ${path} within 5 s`)));
      call.once("error", reject);
      call.end(body);
    });

  return {
    get: async (path) => {
      const { status, text } = await send("GET", path);
      if (status === 404) return undefined;
      if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${text.slice(0, 200)}`);
      return text.startsWith("{") ? JSON.parse(text) : text;
    },
    apply: async (path, object) => {
      const address = `${path}?fieldManager=breakwater-cluster&force=true`;
      const { status, text } = await send("PATCH", address, JSON.stringify(object));
      if (status !== 200 && status !== 201) throw new Error(`apply ${path} answered ${status}: ${text}`);
    },
    close: () => agent.destroy(),
  };
}
