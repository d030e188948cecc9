import assert from "node:assert/strict";
import { test } from "node:test";
import { MiB } from "../config/units.ts";
import type { ClusterReader } from "./cluster-reader.ts";
import { checkGrowths, growClaims } from "./volume-growth.ts";

const problemOf = ({ claim }: { claim: string }, reason: string) => ({
  path: claim,
  value: undefined,
  rule: reason,
  fix: "",
});
const growths = [0, 1].map((index) => ({ claim: `data-redis-${index}`, from: 256 * MiB, to: 512 * MiB }));

/** A cluster whose driver gives each claim the size that it asks for, or refuses with a status. */
function cluster({ refusal, grows = true }: { refusal?: number; grows?: boolean } = {}) {
  const sizes = new Map(growths.map(({ claim, from }) => [claim, from]));
  const sent: [string, boolean | undefined][] = [];
  const reader: ClusterReader = {
    getJson: async <T>() => {
      const items = [...sizes].map(([name, bytes]) => ({
        metadata: { name },
        spec: { resources: { requests: { storage: "512Mi" } } },
        status: { capacity: { storage: String(bytes) } },
      }));
      return { items } as T;
    },
    getText: async () => "",
    patch: async (path, _patch, _timeoutMs, dryRun) => {
      const name = path.split("/").at(-1) ?? "";
      if (refusal !== undefined) throw Object.assign(new Error("must support resize"), { status: refusal });
      sent.push([name, dryRun]);
      if (!dryRun && grows) sizes.set(name, 512 * MiB);
    },
    delete: async () => {},
  };
  return { reader, sent, sizes };
}

test("checkGrowths asks the API server about every claim and changes none", async () => {
  const { reader, sent } = cluster();
  assert.deepEqual(await checkGrowths(reader, "space", growths, problemOf), []);
  assert.deepEqual(sent, [
    ["data-redis-0", true],
    ["data-redis-1", true],
  ]);
});

test("checkGrowths reports a refusal as one problem, and passes other errors on", async () => {
  for (const refusal of [403, 422]) {
    const problems = await checkGrowths(cluster({ refusal }).reader, "space", growths, problemOf);
    assert.deepEqual(
      problems.map(({ path }) => path),
      ["data-redis-0"],
    );
    assert.match(problems[0]?.rule ?? "", /must support resize/);
  }
  await assert.rejects(checkGrowths(cluster({ refusal: 0 }).reader, "space", growths, problemOf));
});

test("growClaims patches every claim and returns when the volumes have grown", async () => {
  const { reader, sizes } = cluster();
  await growClaims(reader, "space", growths);
  assert.deepEqual([...sizes.values()], [512 * MiB, 512 * MiB]);
});

test("growClaims fails when a driver does not let a volume grow in time", async () => {
  await assert.rejects(growClaims(cluster({ grows: false }).reader, "space", growths, 0), {
    message: /data-redis-0 has not grown to 512 MiB/,
  });
});
