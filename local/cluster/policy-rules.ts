import { tryCommand } from "../../host/run-command.ts";
import { removeChains } from "./chain-removal.ts";

/** Names of network-policy's chains and sets; local/toolchain/modules/network-policy/names.go has the same list. */
export const isPolicyChain = (chain: string): boolean => /^BW-(?:ROUTER|POD-FW|NWPLCY)-/.test(chain);
export const isPolicySet = (set: string): boolean => /^BW-(?:SRC|DST|TMP)-/.test(set);

/** A rule that network-policy writes into its chains with its first sync. */
const syncedRule = "-A BW-ROUTER-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN";
/** The kernel's chains that jump to network-policy. */
export const hookedChains = ["INPUT", "FORWARD", "OUTPUT"] as const;

/** Whether the kernel has the rules of network-policy, synced at least once. */
export async function policyRulesPresent(): Promise<boolean> {
  const { exitCode, stdout } = await tryCommand("iptables-save", ["-t", "filter"]);
  return exitCode === 0 && enforcesPolicies(stdout);
}

/**
 * Whether packets pass network-policy's chains, and these have been synced.
 *
 * @param saved output of iptables-save.
 */
export function enforcesPolicies(saved: string): boolean {
  const lines = saved.split("\n");
  return (
    lines.includes(syncedRule) &&
    hookedChains.every((chain) => lines.some((line) => jumpsToPolicies(line, chain)))
  );
}

/** Whether a line of iptables-save is network-policy's jump in one of the kernel's chains. */
export function jumpsToPolicies(line: string, chain: string): boolean {
  return line.startsWith(`-A ${chain} `) && line.endsWith(` -j BW-ROUTER-${chain}`);
}

/** Returns how many rules network-policy has. */
export async function policyRuleCount(): Promise<number> {
  const { stdout } = await tryCommand("iptables-save", ["-t", "filter"]);
  return stdout.split("\n").filter((line) => isPolicyChain(/^-A (\S+)/.exec(line)?.[1] ?? "")).length;
}

/** Removes the chains and sets of network-policy, and no others. */
export async function removePolicyRules(): Promise<void> {
  await removeChains("iptables", isPolicyChain);
  const sets = await tryCommand("/bin/sh", ["-c", "ipset list -name"]);
  for (const name of sets.stdout.split("\n").filter(isPolicySet))
    await tryCommand("ipset", ["destroy", name]);
}
