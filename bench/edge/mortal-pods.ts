import { readFileSync } from "node:fs";
import { join } from "node:path";
import { request } from "undici";
import { apiPathsOf } from "../../config/api-paths.ts";
import { derivePools } from "../../config/derive.ts";
import { nginxVolumes } from "../../config/sections/nginx.ts";
import { validate } from "../../config/validate.ts";
import { network } from "../../local/cluster/network.ts";
import { imageName, recipes } from "../../local/images/recipes.ts";
import { programFiles } from "../../nginx/js-module.ts";
import { renderNginxConf } from "../../nginx/nginx-conf.ts";
import { nginxPort } from "../../nginx/settings.ts";
import type { OwnNamespace, OwnWorkload } from "./own-namespace.ts";

/** Port for requests of a mortal pod, and the port of its records. */
const podPort = 3000;
const statePort = 3001;
const file = "mortal-pod.mjs";

/** What a mortal pod keeps. */
export interface PodState {
  pod: string;
  /** Times that its server has ended. */
  deaths: number;
  /** How often each request but a GET was received, by its id. */
  received: Record<string, number>;
  /** Connections that the gateway ended, and those that the pod ended. */
  endedByGateway: number;
  endedByPod: number;
}

/** A group of pods behind one host name, which the gateway takes for a pool of the API. */
export interface PoolOfPods {
  name: string;
  replicas: number;
  weight: number;
}

function imageOf(name: string): string {
  const recipe = recipes.find((each) => each.name === name);
  if (recipe === undefined) throw new Error(`there is no image ${name}`);
  return imageName(recipe);
}

/** A workload of pods that end on a request. */
export function mortalPods({ name, replicas }: Omit<PoolOfPods, "weight">, env = {}): OwnWorkload {
  return {
    name,
    replicas,
    image: imageOf("node"),
    command: ["node", `/etc/proof/${file}`],
    env,
    files: { [file]: readFileSync(join(import.meta.dirname, file), "utf8") },
    port: podPort,
    probePath: "/livez",
    headless: true,
  };
}

/** A gateway with the configuration that the stack's program renders for these pools, and options of `nginx`. */
export function gatewayOf(
  space: OwnNamespace,
  name: string,
  pools: readonly PoolOfPods[],
  options: object = {},
): OwnWorkload {
  const { nginx, api } = validate({ api: { pools: pools.map((pool) => ({ ...pool })) }, nginx: options });
  const conf = renderNginxConf({
    ...nginx,
    uploadMax: api.uploadMax,
    paths: apiPathsOf(api.contract),
    pools: derivePools(api).map((plan, index) => ({
      ...plan,
      server: `${space.host(pools[index]?.name ?? "")}:${podPort}`,
    })),
    resolver: network.dnsServiceAddress,
  });
  return {
    name,
    replicas: 1,
    image: imageOf("nginx"),
    command: ["nginx", "-e", "stderr", "-c", "/etc/proof/nginx.conf"],
    files: { "nginx.conf": conf.replaceAll(`${nginxVolumes.conf}/`, "/etc/proof/"), ...programFiles(nginx) },
    port: nginxPort,
    probePath: "/healthz/started",
    headless: false,
  };
}

/** The records of all pods of a workload. */
export async function statesOf(space: OwnNamespace, name: string): Promise<PodState[]> {
  const pods = await space.pods(name);
  return Promise.all(
    pods.map(async ({ status }) => {
      const response = await request(`http://${status?.podIP}:${statePort}/state`);
      return (await response.body.json()) as PodState;
    }),
  );
}
