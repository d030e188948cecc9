import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeMembership, type MembershipRecord } from "./judge-membership.ts";

const failure = (sentMs: number, status: number, detail = "no pod") => ({
  sentMs,
  method: "GET",
  path: "/api/light",
  status,
  detail,
});

const held: MembershipRecord = {
  pods: [
    { name: "a", readyMs: 1000, firstRequestMs: 2100, removedMs: 20_000, lastRequestMs: 21_200 },
    { name: "b", readyMs: 1000, firstRequestMs: 1900, removedMs: 20_000, lastRequestMs: 20_900 },
    { name: "old", wasThere: true, readyMs: 500, firstRequestMs: 9000 },
    { name: "c", readyMs: 40_000, firstRequestMs: 40_700 },
  ],
  gaps: [{ fromMs: 20_000, readyMs: 40_000 }],
  sent: 4000,
  failures: [failure(23_000, 503), failure(40_800, 503)],
  listensForMs: 3000,
};

const missed = (change: Partial<MembershipRecord>) =>
  judgeMembership({ ...held, ...change })
    .filter(({ isMet }) => !isMet)
    .map(({ check, measured }) => `${check}: ${measured}`);

test("judgeMembership finds all targets met by pods that join, leave and return in time", () => {
  assert.deepEqual(missed({}), []);
});

const cases: [string, Partial<MembershipRecord>, RegExp][] = [
  [
    "a pod whose first request is late",
    { pods: [{ name: "a", readyMs: 1000, firstRequestMs: 3100 }, ...held.pods.slice(1)] },
    /^from a ready pod to its first request, 2 pods: 0\.9 … 2\.1 … 2\.1 s$/,
  ],
  [
    "a pod without requests",
    { pods: [{ name: "a", readyMs: 1000 }, ...held.pods.slice(1)] },
    /first request, 2 pods: .*; 1 got none$/,
  ],
  [
    "a pod that gets requests until it stops listening",
    { pods: [{ ...held.pods[0], name: "a", lastRequestMs: 23_000 }, ...held.pods.slice(1)] },
    /last request, 2 pods: 0\.9 … 3\.0 … 3\.0 s$/,
  ],
  [
    "a request that failed while there were pods",
    { failures: [...held.failures, failure(19_900, 0, "ECONNRESET")] },
    /^requests while there are pods: 1 of 3998 failed$/,
  ],
  [
    "a response without pods that has not the API's form",
    { failures: [...held.failures, failure(30_000, 502, "not the API's form: <html>")] },
    /^responses without pods: 2 × 503 in JSON, 1 others/,
  ],
  ["no response of a gap", { failures: [] }, /^responses without pods: 0 × 503 in JSON/],
];
for (const [what, change, message] of cases)
  test(`judgeMembership reports ${what}`, () => {
    const found = missed(change);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", message);
  });

test("judgeMembership counts no refusal of an overloaded pod as a late recovery", () => {
  const shed = failure(52_500, 503, "too many requests at the moment: the event loop is late");
  assert.deepEqual(
    missed({ failures: [...held.failures, shed] }).filter((found) =>
      found.startsWith("from the first ready pod"),
    ),
    [],
  );
});

test("judgeMembership reports a recovery that is late", () => {
  const found = missed({ failures: [...held.failures, failure(42_500, 503)] });
  assert.match(found.join("\n"), /^from the first ready pod to the last 503, 1 times: 2\.5 …/m);
});
