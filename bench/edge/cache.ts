import { request } from "undici";
import { step } from "../../host/steps.ts";
import { ensurePackages } from "../../local/toolchain/debian-packages.ts";
import { interleave } from "../../measure/interleave.ts";
import { measureTurn } from "../nginx/turn.ts";
import type { Finding } from "./finding.ts";
import { type CacheArm, type CacheTurn, cacheArms, judgeCache } from "./judge-cache.ts";
import { gatewayOf, mortalPods } from "./mortal-pods.ts";
import { OwnNamespace } from "./own-namespace.ts";
import type { Proof } from "./proof.ts";

const pods = { name: "origin", replicas: 2 };
/** Time to each response of the pods. */
const originMs = 20;
const turnSeconds = 5;

/** The same response by three paths: one that is not kept, one that expires each second, and one that does not expire. */
const paths: Readonly<Record<CacheArm, string>> = {
  origin: "/echo",
  expiring: "/expiring/one",
  steady: "/steady/one",
};
const options = {
  cache: {
    paths: [
      { path: `/api${paths.expiring}`, ttl: "1 s" },
      { path: `/api${paths.steady}`, ttl: "1 h" },
    ],
  },
};

/** Compares the speed of kept responses with that of slow pods, and the time of responses that expire with others. */
export async function proveCache({ api, command, signal }: Proof): Promise<Finding[]> {
  await ensurePackages([{ name: "wrk", program: "/usr/bin/wrk" }]);
  return OwnNamespace.use(api, async (space) => {
    const gateway = gatewayOf(space, "gateway", [{ ...pods, weight: 1 }], options);
    await step(`Start pods that respond after ${originMs} ms, and a gateway with a cache`, async () => {
      await space.deploy(mortalPods(pods, { GET_MS: String(originMs) }));
      await space.deploy(gateway);
    });
    const { host } = new URL(await space.origin(gateway));
    const findings: Finding[] = [];
    for (const connections of [1, 32])
      await step(`Kept responses over ${connections} connections`, async (report) => {
        const turns: Record<CacheArm, CacheTurn[]> = { origin: [], expiring: [], steady: [] };
        const order = interleave(cacheArms, command.turns);
        for (const [index, { variant }] of order.entries()) {
          signal.throwIfAborted();
          report(`turn ${index + 1} of ${order.length}`);
          turns[variant].push(await turnOf(host, paths[variant], connections));
        }
        report("");
        findings.push(...judgeCache(connections, turns));
      });
    return findings;
  });
}

async function turnOf(host: string, path: string, connections: number): Promise<CacheTurn> {
  // The first response of a path is fetched before the turn.
  await (await request(`http://${host}/api${path}`)).body.dump();
  return measureTurn(
    { addresses: [host], prefix: "/api", gatewayGroup: undefined, apiGroups: [] },
    { name: path, about: path, method: "GET", path },
    { connections, seconds: turnSeconds, threads: 1 },
  );
}
