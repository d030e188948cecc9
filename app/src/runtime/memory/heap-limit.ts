import { getHeapStatistics } from "node:v8";

/**
 * Bytes that V8's old space may take: as `--max-old-space-size` says, given to the process or in NODE_OPTIONS; else V8's
 * limit for the whole heap. Where the flag is set, that limit is higher by three young spaces, which what stays never fills.
 */
export function heapLimit(
  flags: readonly string[] = [...(process.env.NODE_OPTIONS ?? "").split(/\s+/), ...process.execArgv],
  whole = getHeapStatistics().heap_size_limit,
): number {
  const mebibytes = flags
    .map((flag) => Number(/^--max[-_]old[-_]space[-_]size=(\d+)$/.exec(flag)?.[1]))
    .filter((given) => given > 0)
    .at(-1);
  return mebibytes === undefined ? whole : Math.min(whole, mebibytes * 1024 ** 2);
}
