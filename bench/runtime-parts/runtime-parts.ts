/** Parts of the runtime whose cost is measured, in the order of docs/parts.md; `all` are all but the CPU pool. */
export const runtimeParts = [
  "cache",
  "cpu-pool",
  "memory",
  "shedding",
  "drain",
  "health",
  "metrics",
  "all",
] as const;
export type RuntimePart = (typeof runtimeParts)[number];
