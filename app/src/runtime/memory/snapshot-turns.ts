import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheKey } from "../cache/cache-key.ts";
import type { CacheStore } from "../cache/cache-store.ts";
import type { SnapshotTurns } from "./memory-watch.ts";

/** Without the store, processes at least do not start at the same moment. */
const maxDelayMs = 30_000;

/** Turns that are leases in the store of the cache. */
export function turnsIn(
  store: Pick<CacheStore, "claim" | "release">,
  prefix: string,
  delayMs = () => Math.random() * maxDelayMs,
): SnapshotTurns {
  const token = randomBytes(9).toString("base64url");
  const keyOf = (reason: string) => cacheKey(prefix, `heap-snapshot:${reason}`);
  return {
    claim: async (reason, forMs) => {
      try {
        return "claimed" in (await store.claim(keyOf(reason), "", token, forMs));
      } catch {
        await sleep(delayMs(), undefined, { ref: false });
        return true;
      }
    },
    release: (reason) => store.release(keyOf(reason), token).catch(() => undefined),
  };
}
