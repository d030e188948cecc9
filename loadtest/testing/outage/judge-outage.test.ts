import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeOutage, type OutageRecord, recoveredAfterMs } from "./judge-outage.ts";

const outcome = (sentMs: number, status: number, detail = "") => ({ sentMs, status, detail });

const held: OutageRecord = {
  fromMs: 1000,
  readyMs: 61_000,
  reads: [outcome(500, 200, "HIT"), outcome(2000, 200, "HIT"), outcome(40_000, 200, "STALE")],
  writes: [
    outcome(500, 201),
    outcome(2000, 503),
    outcome(62_000, 503),
    outcome(63_000, 200),
    outcome(67_000, 200),
  ],
  pods: [
    { name: "api-a", role: "api", restarts: 0 },
    { name: "database-0", role: "database", restarts: 1, lastEnd: "exit code 0" },
  ],
  backOffs: new Set(),
};

test("judgeOutage finds nothing when reads stay 200, no pod restarts and writes recover in time", () => {
  assert.deepEqual(judgeOutage(held), []);
  assert.equal(recoveredAfterMs(held.writes, 61_000), 2000);
});

const cases: [string, Partial<OutageRecord>, RegExp][] = [
  [
    "a read that failed",
    { reads: [...held.reads, outcome(3500, 503, "MISS"), outcome(4000, 0, "ECONNRESET")] },
    /^2 of 5 reads were not 200: first after 2\.5 s, 503 MISS × 1, no response ECONNRESET × 1$/,
  ],
  [
    "reads that never needed the stale copy",
    { reads: held.reads.slice(0, 2) },
    /no read was STALE.*cacheTtlSeconds/,
  ],
  [
    "a database that was not away",
    { writes: held.writes.filter(({ status }) => status !== 503) },
    /no write got a 503/,
  ],
  [
    "a pod that restarted",
    { pods: [{ name: "api-a", role: "api", restarts: 2, lastEnd: "exit code 137" }] },
    /^api-a restarted 2 times: exit code 137$/,
  ],
  ["a container in back-off", { backOffs: new Set(["api-a/api"]) }, /^api-a\/api waited in back-off$/],
  [
    "writes that recovered late",
    { writes: [...held.writes, outcome(67_500, 503), outcome(68_000, 200)] },
    /^writes failed until 6\.5 s after the database was ready, not 5\.0 s: 503 × 1$/,
  ],
  ["a database that stayed away", { readyMs: undefined }, /did not become ready again/],
  ["a run that ended too early", { writes: held.writes.slice(0, 4) }, /no write was sent after/],
];
for (const [what, change, message] of cases)
  test(`judgeOutage reports ${what}`, () => {
    const failures = judgeOutage({ ...held, ...change });
    assert.equal(failures.length, 1, failures.join("\n"));
    assert.match(failures[0] ?? "", message);
  });
