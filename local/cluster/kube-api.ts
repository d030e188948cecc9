import { readFile } from "node:fs/promises";
import { Agent } from "node:https";
import { parse } from "yaml";
import { ApiError, ClusterApi } from "../../host/cluster-api.ts";
import { componentKubeconfig } from "./layout.ts";
import { network } from "./network.ts";

/** Opens the embedded cluster with the administrator certificate that needs no role binding. */
export async function connectKubeApi(): Promise<ClusterApi> {
  const kubeconfig = parse(await readFile(componentKubeconfig("super-admin"), "utf8")) as {
    clusters: { cluster: { "certificate-authority-data": string } }[];
    users: { user: { "client-certificate-data": string; "client-key-data": string } }[];
  };
  const decode = (value: string | undefined): Buffer => Buffer.from(value ?? "", "base64");
  const user = kubeconfig.users[0]?.user;
  const ca = decode(kubeconfig.clusters[0]?.cluster["certificate-authority-data"]);
  const cert = decode(user?.["client-certificate-data"]);
  const key = decode(user?.["client-key-data"]);
  return new ClusterApi({
    server: `https://${network.nodeAddress}:${network.apiPort}`,
    fieldManager: "breakwater-cluster",
    addCredentials: async (options) => {
      Object.assign(options, { ca, cert, key, agent: new Agent() });
    },
  });
}

/** GETs an object. @returns undefined when it does not exist. @throws {ApiError} when the API server does not respond. */
export async function findObject<T>(api: ClusterApi, path: string): Promise<T | undefined> {
  return api.getJson<T>(path).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  });
}
