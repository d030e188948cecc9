import type { Milliseconds } from "../config/units.ts";

/** TTL of CoreDNS' plugin `kubernetes`, in seconds. */
const defaultTtl = 5;
/** Bounds of CoreDNS' plugin `cache` for the time that it keeps a record, in seconds. */
const defaultCap = 3600;
const defaultMinimum = 5;

/** One plugin of a server block: its arguments, and the lines in its braces. */
interface Plugin {
  name: string;
  args: string[];
  lines: string[][];
}

/**
 * Time for which a CoreDNS server may return records that have changed: as long as its `cache` keeps them. Without the
 * plugin, or with `disable success`, it returns what the Kubernetes API has.
 *
 * @param corefile text of the Corefile.
 * @param domain domain of the cluster's records.
 * @param recordTtl TTL of records that the server gets from another DNS server, in seconds.
 * @see https://coredns.io/plugins/cache/
 */
export function cacheTimeOf(corefile: string, domain: string, recordTtl?: number): Milliseconds {
  const blocks = serverBlocks(corefile).filter(({ zones }) => zones.some((zone) => isWithin(domain, zone)));
  // The block with the longest zone serves the domain.
  const [block] = blocks.sort((a, b) => longest(b.zones) - longest(a.zones));
  const cache = block?.plugins.find(({ name }) => name === "cache");
  if (block === undefined || cache === undefined) return 0;
  const isDisabled = cache.lines.some(
    ([name, kind, ...zones]) =>
      name === "disable" &&
      kind === "success" &&
      (zones.length === 0 || zones.some((zone) => isWithin(domain, zone))),
  );
  if (isDisabled) return 0;
  const success = cache.lines.find(([name]) => name === "success") ?? [];
  const cap = numberOf(success[2]) ?? numberOf(cache.args[0]) ?? defaultCap;
  const minimum = numberOf(success[3]) ?? defaultMinimum;
  return Math.max(minimum, Math.min(recordTtl ?? ttlOf(corefile), cap)) * 1000;
}

/** TTL of the cluster's records, in seconds. */
export function ttlOf(corefile: string): number {
  const kubernetes = serverBlocks(corefile)
    .flatMap(({ plugins }) => plugins)
    .find(({ name }) => name === "kubernetes");
  const ttl = kubernetes?.lines.find(([name]) => name === "ttl");
  return numberOf(ttl?.[1]) ?? defaultTtl;
}

/**
 * Domains that the plugin `kubernetes` serves, without those of reverse lookups; none when the Corefile takes them from
 * variables.
 */
export function clusterDomains(corefile: string): string[] {
  const zones = serverBlocks(corefile).flatMap(({ zones, plugins }) =>
    plugins
      .filter(({ name }) => name === "kubernetes")
      .flatMap(({ args }) => (args.length > 0 ? args.map(zoneOf) : zones)),
  );
  if (zones.some((zone) => /[{$%]/.test(zone))) return [];
  return zones.filter((zone) => zone !== "" && !zone.endsWith(".arpa") && !zone.includes("/"));
}

function serverBlocks(corefile: string): { zones: string[]; plugins: Plugin[] }[] {
  const blocks: { zones: string[]; plugins: Plugin[] }[] = [];
  let depth = 0;
  for (const line of corefile.split("\n")) {
    const words = line.replace(/#.*/, "").trim().split(/\s+/).filter(Boolean);
    const opens = words.at(-1) === "{";
    if (opens) words.pop();
    if (words[0] === "}") depth -= 1;
    else if (words.length > 0) {
      const plugins = blocks.at(-1)?.plugins;
      const [name = "", ...args] = words;
      if (depth === 0) blocks.push({ zones: words.map(zoneOf), plugins: [] });
      else if (depth === 1) plugins?.push({ name, args, lines: [] });
      else plugins?.at(-1)?.lines.push(words);
    }
    if (opens) depth += 1;
  }
  return blocks;
}

/** `dns://cluster.local:53` → `cluster.local`, `.:53` → the root. */
function zoneOf(key: string): string {
  return key
    .replace(/^\w+:\/\//, "")
    .replace(/:\d+,?$/, "")
    .replace(/[.,]+$/, "");
}

function isWithin(domain: string, zone: string): boolean {
  const name = zoneOf(zone);
  return name === "" || domain === name || domain.endsWith(`.${name}`);
}

function longest(zones: readonly string[]): number {
  return Math.max(...zones.map((zone) => zone.length));
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
