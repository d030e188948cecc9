import { readFile, rm, writeFile } from "node:fs/promises";
import { runCommand, tryCommand } from "../../host/run-command.ts";
import { writeWhole } from "../../host/write-whole.ts";
import { places } from "./layout.ts";

/** Addresses of the cluster. Other machines cannot reach them. */
export const network = {
  bridge: "breakwater0",
  /** Address of the node and of the bridge. The API server, the kubelet and CoreDNS listen on it. */
  nodeAddress: "10.42.0.1",
  nodeRange: "10.42.0.0/24",
  podRange: "10.42.0.0/16",
  serviceRange: "10.43.0.0/16",
  dnsServiceAddress: "10.43.0.10",
  apiPort: 6443,
} as const;

const unreachableMetric = "4096";
const { bridge, nodeAddress, podRange, serviceRange } = network;
const commented = ["-m", "comment", "--comment", "breakwater"];
const newConnection = ["-m", "conntrack", "--ctstate", "NEW"];
const toNode = ["-d", nodeAddress, "!", "-i", bridge];
const fromOtherMachine = ["-m", "addrtype", "!", "--src-type", "LOCAL"];

/** kube-proxy's chain for Services without pods. */
const refusedServices = "KUBE-EXTERNAL-SERVICES";

/** The cluster's iptables rules, in the order of their chain. */
const rules: readonly (readonly [chain: string, ...rule: string[]])[] = [
  // Docker sets the policy of FORWARD to DROP, which applies to bridged traffic too (br_netfilter).
  ["FORWARD", "-s", podRange, "-d", podRange, "-j", "ACCEPT"],
  // Reject traffic between pods and other machines, in both directions.
  ["FORWARD", "-s", podRange, "-j", "REJECT"],
  ["FORWARD", "-d", podRange, "-j", "REJECT"],
  // Linux accepts packets for all its addresses on every interface, so keep other machines from the API server.
  [
    "INPUT",
    ...toNode,
    // New connections only, because replies of a Service to the machine itself come from the Service's address.
    ...newConnection,
    ...fromOtherMachine,
    "-j",
    "REJECT",
  ],
  // kube-proxy refuses connections to a Service without pods when they come in. Connections of the machine to itself are
  // tracked by then, and every later one from the same port would be refused for two minutes, with or without pods
  // (docs/decisions.md#service-without-pods).
  ["OUTPUT", "-o", "lo", ...newConnection, "-j", refusedServices],
];

const switches = ["net.ipv4.ip_forward", "net.ipv4.conf.all.route_localnet"] as const;
const switchFile = (name: string): string => `/proc/sys/${name.replaceAll(".", "/")}`;

/** Creates the bridge, the routes and the iptables rules and sets the kernel switches, where they are missing. */
export async function ensureNetwork(): Promise<void> {
  await ensureBridge();
  await turnOnSwitches();
  await ensureRules();
}

async function ensureBridge(): Promise<void> {
  // These ranges must not use the default route, also while the bridge is down or missing.
  for (const range of [podRange, serviceRange])
    await runCommand("ip", ["route", "replace", "unreachable", range, "metric", unreachableMetric]);
  if ((await tryCommand("ip", ["link", "show", bridge])).exitCode !== 0)
    await runCommand("ip", ["link", "add", bridge, "type", "bridge"]);
  await runCommand("ip", ["addr", "replace", `${nodeAddress}/24`, "dev", bridge]);
  await runCommand("ip", ["link", "set", bridge, "up"]);
  // With a route to the bridge, packets for Services reach kube-proxy's rules. Packets that match no rule stay on the
  // bridge.
  await runCommand("ip", ["route", "replace", serviceRange, "dev", bridge]);
}

async function turnOnSwitches(): Promise<void> {
  const values = await Promise.all(
    switches.map(async (name) => (await readFile(switchFile(name), "utf8")).trim()),
  );
  if (values.every((value) => value === "1")) return;
  const known = await readFile(places.networkBefore, "utf8").catch(() => undefined);
  if (known === undefined) {
    const before = Object.fromEntries(switches.map((name, index) => [name, values[index]]));
    await writeWhole(places.networkBefore, JSON.stringify(before), 0o600);
  }
  for (const name of switches) await writeFile(switchFile(name), "1");
}

async function ensureRules(): Promise<void> {
  const checks = await Promise.all(
    rules.map(([chain, ...rule]) => tryCommand("iptables", ["-w", "-C", chain, ...rule, ...commented])),
  );
  if (checks.every((check) => check.exitCode === 0)) return;
  await removeRules();
  // kube-proxy creates the chain later and accepts an existing chain.
  await tryCommand("iptables", ["-w", "-N", refusedServices]);
  // Each rule is inserted at the top of its chain, so the last rule comes first.
  for (const [chain, ...rule] of rules.toReversed())
    await runCommand("iptables", ["-w", "-I", chain, ...rule, ...commented]);
}

async function removeRules(): Promise<void> {
  for (const [chain, ...rule] of rules)
    while ((await tryCommand("iptables", ["-w", "-D", chain, ...rule, ...commented])).exitCode === 0);
}

/** Removes everything that ensureNetwork created, and the rules of kube-proxy and the kubelet. Restores the switches. */
export async function removeNetwork(): Promise<void> {
  await removeRules();
  for (const family of ["iptables", "ip6tables"]) await removeKubernetesChains(family);
  for (const range of [podRange, serviceRange])
    await tryCommand("ip", ["route", "del", "unreachable", range, "metric", unreachableMetric]);
  await tryCommand("ip", ["link", "del", bridge]);
  await restoreSwitches();
}

async function removeKubernetesChains(family: string): Promise<void> {
  const saved = await tryCommand(`${family}-save`, []);
  if (saved.exitCode !== 0) return;
  const removal = kubernetesChainRemoval(saved.stdout);
  if (removal !== "") await runCommand(`${family}-restore`, ["-w", "--noflush"], { input: removal });
}

/**
 * Returns input for `iptables-restore --noflush` that deletes every KUBE-* chain and the rules in other chains that
 * jump to a KUBE-* chain. All other rules stay.
 *
 * @param saved output of iptables-save.
 */
export function kubernetesChainRemoval(saved: string): string {
  const removal: string[] = [];
  for (const table of saved.split(/^(?=\*)/m)) {
    const lines = table.split("\n");
    const chains = lines.flatMap((line) => /^:(KUBE-\S+) /.exec(line)?.[1] ?? []);
    if (chains.length === 0 || lines[0] === undefined) continue;
    const jumps = lines.filter((line) => /^-A (?!KUBE-).* -j KUBE-/.test(line));
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

async function restoreSwitches(): Promise<void> {
  const before = await readFile(places.networkBefore, "utf8").catch(() => undefined);
  if (before === undefined) return;
  const values = JSON.parse(before) as Record<string, string>;
  const bridges = await tryCommand("ip", ["-o", "link", "show", "type", "bridge"]);
  for (const name of switches) {
    const value = values[name];
    // Another bridge, created since then, may depend on forwarding.
    if (value === undefined || (name === "net.ipv4.ip_forward" && bridges.stdout !== "")) continue;
    await writeFile(switchFile(name), value);
  }
  await rm(places.networkBefore);
}
