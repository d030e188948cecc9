import { getHeapStatistics } from "node:v8";

/**
 * Limit of V8's old space in bytes: the value of `--max-old-space-size` from the command line or NODE_OPTIONS, else V8's
 * limit of the whole heap. With the flag, V8's limit includes three young spaces, which long-lived objects never fill.
 */
export function heapLimit(
  flags: readonly string[] = [...(process.env.NODE_OPTIONS ?? "").split(/\s+/), ...process.execArgv],
  whole = getHeapStatistics().heap_size_limit,
): number {
  const mebibytes = flags
    .map((flag) => Number(/^--max[-_]old[-_]space[-_]size=(\d+)$/.exec(flag)?.[1]))
    .filter((value) => value > 0)
    .at(-1);
  return mebibytes === undefined ? whole : Math.min(whole, mebibytes * 1024 ** 2);
}
