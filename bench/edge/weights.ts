import { step } from "../../host/steps.ts";
import { type Finding, noneFailed } from "./finding.ts";
import { judgeShares } from "./judge-shares.ts";
import { Load } from "./load.ts";
import { gatewayOf, mortalPods, type PoolOfPods } from "./mortal-pods.ts";
import { OwnNamespace } from "./own-namespace.ts";
import { type Proof, pause } from "./proof.ts";
import { lightGet } from "./request-mix.ts";

const part = "weights";
const stable = { name: "stable", replicas: 3 };
const canary = { name: "canary", replicas: 2 };
/** Weights of both pools. Pods of one pool differ from those of the other in number, so that their own weights matter. */
const cases = [
  [90, 10],
  [60, 40],
] as const;

/** Counts which pool serves the requests of gateways with weighted pools. */
export async function proveWeights({ api, command, signal }: Proof): Promise<Finding[]> {
  return OwnNamespace.use(api, async (space) => {
    await step("Start two pools of pods", () =>
      Promise.all([stable, canary].map((pool) => space.deploy(mortalPods(pool)))),
    );
    const findings: Finding[] = [];
    for (const [index, weights] of cases.entries()) {
      const pools = [stable, canary].map((pool, at): PoolOfPods => ({ ...pool, weight: weights[at] ?? 0 }));
      const gateway = gatewayOf(space, `gateway-${index}`, pools);
      const origin = await step(`Requests with the weights ${weights.join(" : ")}`, async (report) => {
        await space.deploy(gateway);
        report("");
        return space.origin(gateway);
      });
      const counts: Record<string, number> = { stable: 0, canary: 0 };
      const count = (pod: unknown) => {
        const pool = String(pod).split("-")[0] ?? "";
        counts[pool] = (counts[pool] ?? 0) + 1;
      };
      // As fast as responses arrive: the pods and the gateway have no other load.
      const load = new Load({
        origin,
        connections: 32,
        ratePerSecond: 20_000,
        next: () => ({
          ...lightGet,
          isRight: (body) => body === "ok",
          settle: (isGood, headers) => isGood && count(headers["x-pod"]),
        }),
      });
      try {
        await step(`${command.requests} requests`, async (report) => {
          while (load.outcomes.sent < command.requests) {
            report(`${load.outcomes.sent}`);
            await pause(250, signal);
          }
          report("");
        });
      } finally {
        await load.stop();
      }
      const { sent, failed, reasons } = load.outcomes;
      findings.push(judgeShares(weights, [counts.stable ?? 0, counts.canary ?? 0]));
      findings.push(
        noneFailed(part, `requests with the weights ${weights.join(" : ")}`, { sent, failed, reasons }),
      );
    }
    return findings;
  });
}
