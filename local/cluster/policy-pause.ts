import { runCommand } from "../../host/run-command.ts";
import { connectKubeApi } from "./kube-api.ts";
import type { ToolPaths } from "./layout.ts";
import { ensureNetworkPolicy, policyDaemon } from "./network-policy.ts";
import { hookedChains, jumpsToPolicies } from "./policy-rules.ts";
import { stopDaemon } from "./process-supervisor.ts";

/** Lets packets pass the rules for NetworkPolicies, or not. */
export type SwitchRules = (on: boolean) => Promise<void>;

/**
 * Runs `work` without the daemon that would insert its jumps again, then starts the daemon. `npm run up` does the same
 * when this process is killed. For benchmarks only: policies are not enforced while the rules are off.
 */
export async function withPausedPolicies(
  tools: ToolPaths,
  work: (switchRules: SwitchRules) => Promise<void>,
): Promise<void> {
  await stopDaemon(policyDaemon);
  const jumps = await savedJumps();
  let on = true;
  try {
    await work(async (wanted) => {
      if (wanted !== on) await apply(jumps, wanted);
      on = wanted;
    });
  } finally {
    if (!on) await apply(jumps, true);
    const api = await connectKubeApi();
    try {
      await ensureNetworkPolicy(tools, api);
    } finally {
      api.close();
    }
  }
}

async function savedJumps(): Promise<string[]> {
  const saved = (await runCommand("iptables-save", ["-t", "filter"])).split("\n");
  return hookedChains.flatMap((chain) => saved.filter((line) => jumpsToPolicies(line, chain)));
}

async function apply(jumps: readonly string[], insert: boolean): Promise<void> {
  const lines = jumps.map((line) => line.replace(/^-A (\S+)/, insert ? "-I $1 1" : "-D $1"));
  const input = ["*filter", ...lines, "COMMIT", ""].join("\n");
  await runCommand("iptables-restore", ["--wait", "--noflush"], { input });
}
