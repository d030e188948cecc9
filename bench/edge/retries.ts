import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "undici";
import { pollUntil } from "../../host/poll.ts";
import { step } from "../../host/steps.ts";
import { type Finding, noneFailed } from "./finding.ts";
import { proveIdlePauses } from "./idle-pauses.ts";
import { judgeDeaths, judgePosts, type Poisoned } from "./judge-deaths.ts";
import { type EdgeRequest, Load, openPool, sendOne } from "./load.ts";
import { gatewayOf, mortalPods, statesOf } from "./mortal-pods.ts";
import { Outcomes, reasonsOf } from "./outcomes.ts";
import { OwnNamespace } from "./own-namespace.ts";
import type { Proof } from "./proof.ts";

const pods = { name: "mortal", replicas: 5 };
const methods = ["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH"] as const;
const ratePerSecond = 100;
/** Time to the response to a POST: with the rate above, a few are in progress when a pod ends. */
const postMs = 100;
/** Time until the records of a pod have the end of its server. */
const recordMs = 500;

/** Ends pods by requests beside a load, and sends POSTs after pauses around the time limits of idle connections. */
export async function proveRetries(proof: Proof): Promise<Finding[]> {
  const deaths = await OwnNamespace.use(proof.api, async (space) => {
    const gateway = gatewayOf(space, "gateway", [{ ...pods, weight: 1 }]);
    await step("Start pods that end on a request", async () => {
      await space.deploy(mortalPods(pods, { POST_MS: String(postMs) }));
      await space.deploy(gateway);
    });
    return underDeaths(proof, space, await space.origin(gateway));
  });
  return [...deaths, ...(await proveIdlePauses(proof))];
}

async function underDeaths(proof: Proof, space: OwnNamespace, origin: string): Promise<Finding[]> {
  const { rounds } = proof.command;
  const poisoned: Poisoned[] = [];
  const settings = { origin, connections: 40 };
  const pool = openPool(settings);
  const load = new Load({ ...settings, ratePerSecond, next: mixed });
  try {
    for (let round = 1; round <= rounds; round++)
      for (const method of methods)
        await step(`${method} that ends its pod, round ${round} of ${rounds}`, async () => {
          await allServe(pool, proof.signal);
          const before = await deathsOf(space);
          await sendOne(pool, { method, path: "/api/poison" }, new Outcomes());
          await sleep(recordMs);
          poisoned.push({ method, ended: (await deathsOf(space)) - before });
        });
    await allServe(pool, proof.signal);
  } finally {
    await load.stop();
    await pool.destroy();
  }
  const { byMethod, failures } = load.outcomes;
  const of = (method: string) => failures.filter((failure) => failure.method === method);
  const states = await statesOf(space, pods.name);
  return [
    ...judgeDeaths(poisoned),
    judgePosts({
      sent: byMethod.POST ?? 0,
      failed: of("POST").map(({ path }) => idIn(path)),
      received: states.map(({ received }) =>
        Object.fromEntries(Object.entries(received).filter(([id]) => isPost(id))),
      ),
    }),
    noneFailed("retries", "GET and PUT beside pods that end", {
      sent: (byMethod.GET ?? 0) + (byMethod.PUT ?? 0),
      failed: of("GET").length + of("PUT").length,
      reasons: reasonsOf([...of("GET"), ...of("PUT")]),
    }),
  ];
}

const methodsOfLoad = ["GET", "PUT", "GET", "POST"] as const;
const idPrefix = "load-";

function mixed(turn: number): EdgeRequest {
  const id = `${idPrefix}${turn}`;
  const method = methodsOfLoad[turn % methodsOfLoad.length] ?? "GET";
  return { method, path: `/api/echo?${id}`, headers: { "x-request-id": id } };
}

const idIn = (path: string): string => path.slice(path.indexOf("?") + 1);

/** Whether the request of the load with this id is a POST. A PUT may be repeated. */
function isPost(id: string): boolean {
  const turn = Number(id.slice(idPrefix.length));
  return id.startsWith(idPrefix) && methodsOfLoad[turn % methodsOfLoad.length] === "POST";
}

async function deathsOf(space: OwnNamespace): Promise<number> {
  const states = await statesOf(space, pods.name);
  return states.reduce((sum, { deaths }) => sum + deaths, 0);
}

/** Waits until the gateway sends requests to every pod, and has open connections to it. */
async function allServe(pool: Pool, signal: AbortSignal): Promise<void> {
  const fix = "kubectl -n edge-proof logs deployment/mortal";
  await pollUntil(
    { what: "all pods to serve", fix, timeoutMs: 60_000, intervalMs: 250, signal },
    async () => {
      const seen = new Set<unknown>();
      const request: EdgeRequest = {
        method: "GET",
        path: "/api/echo",
        settle: (isGood, headers) => isGood && seen.add(headers["x-pod"]),
      };
      await Promise.all(Array.from({ length: 40 }, () => sendOne(pool, request, new Outcomes())));
      return seen.size === pods.replicas;
    },
  );
}
