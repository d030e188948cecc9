import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOf } from "./testing/problems.ts";

/** The problems that validate finds with these options of the gateway. */
function problems(nginx: object): string[] {
  return problemsOf({ nginx }).map(({ path, value, rule, fix }) => `${path} ${value} ${rule}; ${fix}`);
}

const certificate = { selfSigned: true };
const paths = [{ path: "/api/users/" }];

for (const [what, path, without, read] of [
  ["a hash key without hash", "hashKey", { hashKey: "$uri" }, { balance: "hash" }],
  [
    "a time of failed pods that never fail",
    "failTimeout",
    { failTimeout: "9 s", maxFails: 0 },
    { maxFails: 1 },
  ],
  [
    "a time of streams without paths",
    "streamTimeout",
    { streamTimeout: "2 h" },
    { streamPaths: ["/api/events"] },
  ],
  [
    "a time of WebSockets without GET",
    "webSocketTimeout",
    { webSocketTimeout: "2 h", methods: ["POST"] },
    { methods: ["GET"] },
  ],
  [
    "other attempts without a method that has some",
    "retryTimeouts",
    { retryTimeouts: true, methods: ["POST"] },
    { methods: ["POST", "PUT"] },
  ],
  [
    "a share of other attempts without a method that has some",
    "retryBudget.percent",
    { retryBudget: { percent: 30 }, methods: ["POST"] },
    { methods: ["GET"] },
  ],
  [
    "other attempts in a second beside a share that is no bound",
    "retryBudget.perSecond",
    { retryBudget: { percent: 100, perSecond: 5 } },
    { retryBudget: { percent: 99, perSecond: 5 } },
  ],
  [
    "more connections of each pod than the gateway has",
    "maxConnectionsPerPod",
    { maxConnectionsPerPod: 4097 },
    { cpu: "2" },
  ],
  [
    "more requests of each client than the gateway has connections",
    "limits.concurrentRequests",
    { limits: { concurrentRequests: 65 }, workerConnections: 64 },
    { workerConnections: 128 },
  ],
  [
    "a burst without a rate",
    "limits.burst",
    { limits: { burst: 0 } },
    { limits: { burst: 0, requestsPerSecond: 1 } },
  ],
  [
    "counted clients without a rate",
    "limits.clients",
    { limits: { clients: 2000 } },
    { limits: { clients: 2000, requestsPerSecond: 1 } },
  ],
  [
    "a size of the cache without paths",
    "cache.size",
    { cache: { size: "1 MiB" } },
    { cache: { size: "1 MiB", paths } },
  ],
  [
    "no redirect without a certificate",
    "tls.redirect",
    { tls: { redirect: false } },
    { tls: { redirect: false, ...certificate } },
  ],
  [
    "a key of tickets without a certificate",
    "tls.ticketKeyVersion",
    { tls: { ticketKeyVersion: 2 } },
    { tls: { ticketKeyVersion: 2, ...certificate } },
  ],
] as const)
  test(`validate refuses ${what}, which has no effect`, () => {
    const found = problems(without);
    assert.equal(found.length, 1, found.join());
    assert.ok(found[0]?.startsWith(`nginx.${path} `), found[0]);
    assert.ok(found[0]?.endsWith(`; remove it: pulumi config rm --path nginx.${path}`), found[0]);
    assert.deepEqual(problems({ ...without, ...read }), []);
  });

test("validate refuses an option without effect by its value as it was written", () => {
  assert.match(
    problems({ streamTimeout: "2 h" })[0] ?? "",
    /^nginx\.streamTimeout 2 h is read only for the paths/,
  );
  assert.match(problems({ cache: { size: "1 MiB" } })[0] ?? "", /^nginx\.cache\.size 1 MiB is read only/);
});

test("validate accepts options without effect that have their default values", () => {
  assert.deepEqual(
    problems({
      hashKey: "$request_uri",
      streamTimeout: "60 min",
      retryTimeouts: false,
      cache: { size: "64 MiB" },
    }),
    [],
  );
});
