import { setTimeout as sleep } from "node:timers/promises";
import { Reconciliation, type ReconciliationOptions, type WantedCluster } from "../reconciliation.ts";

/** Takes steps until nothing is left to do. @throws {Error} when the wanted cluster is refused, or not reached within a minute */
export async function settle(options: ReconciliationOptions & WantedCluster): Promise<void> {
  const reconciliation = new Reconciliation(options);
  try {
    for (const end = Date.now() + 60_000; ; await sleep(100)) {
      const step = await reconciliation.step(options);
      if (step.state === "settled") return;
      if (step.state === "refused") throw new Error(step.reason);
      if (Date.now() > end) throw new Error(`not settled after a minute: ${JSON.stringify(step)}`);
    }
  } finally {
    reconciliation.close();
  }
}
