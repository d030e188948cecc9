import { readFile, rm, writeFile } from "node:fs/promises";
import { readJsonObject } from "../../host/read-json.ts";
import { runCommand, tryCommand } from "../../host/run-command.ts";
import { writeWhole } from "../../host/write-whole.ts";
import { isServiceChain, removeChains } from "./chain-removal.ts";
import { places } from "./layout.ts";
import { otherServiceProxy } from "./other-cluster.ts";
import { jumpsToPolicies, removePolicyRules } from "./policy-rules.ts";

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
  // Each rule is inserted at the same place of its chain, so the last rule comes first.
  for (const [chain, ...rule] of rules.toReversed())
    await runCommand("iptables", ["-w", "-I", chain, await firstPlace(chain), ...rule, ...commented]);
}

/** The number of the first rule of a chain, after the jump to NetworkPolicies: an ACCEPT before it would pass them by. */
async function firstPlace(chain: string): Promise<string> {
  const lines = (await runCommand("iptables", ["-w", "-S", chain])).split("\n");
  const jump = lines
    .filter((line) => line.startsWith("-A "))
    .findIndex((line) => jumpsToPolicies(line, chain));
  // Rules are counted from 1. Without a jump, its index is -1.
  return String(jump + 2);
}

async function removeRules(): Promise<void> {
  for (const [chain, ...rule] of rules)
    while ((await tryCommand("iptables", ["-w", "-D", chain, ...rule, ...commented])).exitCode === 0);
}

/**
 * Removes everything that ensureNetwork created, and the rules of network-policy, kube-proxy and the kubelet. Restores the
 * switches.
 */
export async function removeNetwork(): Promise<void> {
  await removeRules();
  await removePolicyRules();
  // Every kube-proxy has the same chains. Another one would lose the rules of its Services.
  if ((await otherServiceProxy()) === undefined)
    for (const family of ["iptables", "ip6tables"] as const) await removeChains(family, isServiceChain);
  for (const range of [podRange, serviceRange])
    await tryCommand("ip", ["route", "del", "unreachable", range, "metric", unreachableMetric]);
  await tryCommand("ip", ["link", "del", bridge]);
  await restoreSwitches();
}

async function restoreSwitches(): Promise<void> {
  const before = await readJsonObject<Record<string, string>>(places.networkBefore);
  if (before === undefined) return;
  // Without the values, the switches stay on.
  const values = before === "invalid" ? {} : before;
  const bridges = await tryCommand("ip", ["-o", "link", "show", "type", "bridge"]);
  for (const name of switches) {
    const value = values[name];
    // Another bridge, created since then, may depend on forwarding.
    if (value === undefined || (name === "net.ipv4.ip_forward" && bridges.stdout !== "")) continue;
    await writeFile(switchFile(name), value);
  }
  await rm(places.networkBefore);
}
