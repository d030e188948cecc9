import assert from "node:assert/strict";
import { test } from "node:test";
import { MiB } from "../config/units.ts";
import { shrinkProblems } from "./redis-shrink.ts";

/** The rules that fewer shards break; the controller reports this size, or does not respond. */
async function rules(shards: number, size: object | undefined): Promise<string[]> {
  const getJson = async <T>(path: string): Promise<T> => {
    assert.equal(path, "/api/v1/namespaces/space/services/redis-controller:8083/proxy/status");
    if (size === undefined) throw Object.assign(new Error("no endpoints"), { status: 503 });
    return { size } as T;
  };
  const problems = await shrinkProblems({ getJson }, "space", { shards, memory: 64 * MiB });
  return problems.map(({ path, value, rule }) => `${path} ${value} ${rule}`);
}

test("shrinkProblems refuses fewer shards than the data fits into, with both sizes", async () => {
  const size = { shards: 5, dataBytes: 80 * MiB, overheadBytes: 6 * MiB };
  assert.deepEqual(await rules(3, size), [
    "redis.shards 3 has room for 76 MiB with redis.memory 64 MiB, and the cache has 80 MiB of data",
  ]);
  assert.deepEqual(await rules(4, size), []);
  assert.deepEqual(await rules(3, { ...size, dataBytes: 75 * MiB }), []);
});

test("shrinkProblems lets a cluster keep or add shards, whatever it has, and asks no controller that is not there", async () => {
  const full = { shards: 3, dataBytes: 500 * MiB, overheadBytes: 6 * MiB };
  assert.deepEqual([await rules(3, full), await rules(5, full), await rules(3, undefined)], [[], [], []]);
});
