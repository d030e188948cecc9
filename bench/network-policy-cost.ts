import { exitCodes } from "../contract/user-error.ts";
import { onInterrupt } from "../host/interrupts.ts";
import { columns } from "../host/table.ts";
import { clusterStatus } from "../local/cluster/cluster.ts";
import { connectKubeApi } from "../local/cluster/kube-api.ts";
import { withPausedPolicies } from "../local/cluster/policy-pause.ts";
import { policyRuleCount } from "../local/cluster/policy-rules.ts";
import { ensureTools } from "../local/toolchain/toolchain.ts";
import { judgeRatio, minRepeats, pairedRatio } from "../measure/bootstrap.ts";
import { interleave } from "../measure/interleave.ts";
import { median } from "../measure/median.ts";
import { measureTurn, startPeers } from "./network-policy/peers.ts";
import { readOptions } from "./options.ts";

/*
 * Measures what the firewall rules for NetworkPolicies cost pods that no policy selects. Between the turns, the jumps to
 * the rules are removed and inserted again; both turns of a round are neighbours and make a pair.
 *
 * Exit code 1 when kept connections lose more than 2 % of their throughput. New connections are reported only.
 */

const allowedLoss = 0.02;
const options = readOptions({
  command: "node bench/network-policy-cost.ts",
  about: "Measures the cost of NetworkPolicies for pods without one, in the embedded cluster that runs.",
  options: {
    rounds: { type: "string", value: "N", default: "20", about: "pairs of turns; an even number from 6" },
    seconds: { type: "string", value: "S", default: "2", about: "seconds of a turn" },
    connections: { type: "string", value: "N", default: "32", about: "connections at the same time" },
  },
});
const rounds = Math.max(Number(options.rounds), minRepeats);
const seconds = Number(options.seconds);
const connections = Number(options.connections);

const policies = (await clusterStatus()).find(({ name }) => name === "network-policy");
if (!policies?.running || policies.limited) {
  console.error(`error: network-policy: ${policies?.detail}\nfix: npm run up`);
  process.exit(2);
}
const tools = await ensureTools();
const api = await connectKubeApi();
const peers = await startPeers(api);
const results: { name: string; keep: boolean; pairs: [without: number, withRules: number][] }[] = [];
console.log(`${await policyRuleCount()} rules for NetworkPolicies; ${rounds} rounds of 2 × ${seconds} s`);
const interrupt = new AbortController();
const release = onInterrupt(() => interrupt.abort());
try {
  for (const { name, url } of peers.origins)
    for (const keep of [true, false]) results.push({ name, keep, pairs: await measure(url, keep) });
} catch (error) {
  if (!interrupt.signal.aborted) throw error;
  console.error("interrupted; the rules are in place again, and what was measured before follows");
} finally {
  await peers.remove();
  api.close();
  release();
}
const rows = results.map(({ name, keep, pairs }) => {
  const { ratio, low, high } = pairedRatio(pairs);
  const rate = (index: 0 | 1) => median(pairs.map((pair) => pair[index])).toFixed(0);
  const medianRatio = median(pairs.map(([without, withRules]) => withRules / without));
  const interval = `${low.toFixed(3)} … ${high.toFixed(3)}`;
  const cells = [rate(0), rate(1), medianRatio.toFixed(3), ratio.toFixed(3), interval];
  return [name, keep ? "kept" : "new", ...cells];
});
console.log(
  columns(
    [["path", "connections", "req/s without", "with", "median ratio", "mean ratio", "95 %"], ...rows],
    [2, 3, 4, 5],
  ),
);
const lost = results.filter(
  ({ keep, pairs }) => keep && judgeRatio(pairedRatio(pairs), allowedLoss, "higher") === "worse",
);
process.exitCode = interrupt.signal.aborted ? exitCodes.interrupted : lost.length > 0 ? 1 : 0;

/** The turns of one path, as pairs of requests per second. */
async function measure(url: string, keep: boolean): Promise<[number, number][]> {
  const load = { target: peers.target, seconds, connections, keep };
  const pairs = Array.from({ length: rounds }, (): [number, number] => [0, 0]);
  await withPausedPolicies(tools, async (switchRules) => {
    await measureTurn(url, load);
    for (const { round, variant } of interleave(["without", "with"] as const, rounds)) {
      interrupt.signal.throwIfAborted();
      await switchRules(variant === "with");
      const pair = pairs[round];
      if (pair) pair[variant === "with" ? 1 : 0] = await measureTurn(url, load);
    }
  });
  return pairs;
}
