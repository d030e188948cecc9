import { runCommand, tryCommand } from "../../host/run-command.ts";

/** Beginnings of the names of kube-router's own chains. Another cluster's kube-router on this machine owns them. */
const routerChain = /^KUBE-(?:ROUTER|POD-FW|NWPLCY)-/;

/** Whether a chain belongs to kube-proxy or the kubelet, whose names are the same in every cluster. */
export const isServiceChain = (chain: string): boolean =>
  chain.startsWith("KUBE-") && !routerChain.test(chain);

/** Deletes the chains for which `removes` is true from all tables of a family, and the jumps to them. */
export async function removeChains(
  family: "iptables" | "ip6tables",
  removes: (chain: string) => boolean,
): Promise<void> {
  const saved = await tryCommand(`${family}-save`, []);
  if (saved.exitCode !== 0) return;
  const removal = chainRemoval(saved.stdout, removes);
  if (removal !== "") await runCommand(`${family}-restore`, ["-w", "--noflush"], { input: removal });
}

/**
 * Returns input for `iptables-restore --noflush` that deletes chains and the rules of other chains that jump to them. All
 * other rules stay.
 *
 * @param saved output of iptables-save.
 * @param removes whether a chain is deleted.
 */
export function chainRemoval(saved: string, removes: (chain: string) => boolean): string {
  const removal: string[] = [];
  for (const table of saved.split(/^(?=\*)/m)) {
    const lines = table.split("\n");
    const chains = lines.flatMap((line) => /^:(\S+) -/.exec(line)?.[1] ?? []).filter(removes);
    if (chains.length === 0 || lines[0] === undefined) continue;
    const jumps = lines.filter((line) => {
      const [, chain, target] = /^-A (\S+) .*(?:-j|-g) (\S+)/.exec(line) ?? [];
      return chain !== undefined && target !== undefined && !removes(chain) && removes(target);
    });
    removal.push(
      lines[0],
      ...chains.map((chain) => `:${chain} - [0:0]`),
      ...jumps.map((line) => line.replace(/^-A/, "-D")),
      ...chains.map((chain) => `-X ${chain}`),
      "COMMIT",
    );
  }
  return removal.length === 0 ? "" : `${removal.join("\n")}\n`;
}
