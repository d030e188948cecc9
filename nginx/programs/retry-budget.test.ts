import assert from "node:assert/strict";
import { mock, test } from "node:test";
import budget from "./retry-budget.js";

/** Runs a test with an empty dictionary, and returns its values. */
function withDictionary(
  body: (dictionary: Map<string, number>) => void,
  metrics?: Map<string, number>,
): void {
  const dictionary = new Map<string, number>();
  const counters = (map: Map<string, number>) => ({
    get: (key: string) => map.get(key),
    incr: (key: string, delta: number, init: number) => {
      map.set(key, (map.get(key) ?? init) + delta);
      return map.get(key) ?? 0;
    },
  });
  const shared = { retries: counters(dictionary), ...(metrics && { metrics: counters(metrics) }) };
  Object.assign(globalThis, { ngx: { shared } });
  mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  try {
    body(dictionary);
  } finally {
    mock.timers.reset();
    Object.assign(globalThis, { ngx: undefined });
  }
}

const request = (settings: string, variables = {}) => ({
  variables: { retry_budget: settings, upstream_addr: "10.0.0.1:3000", ...variables },
});

/** How many of so many requests in a row may reach a second pod. */
function allowed(settings: string, requests: number): number {
  return Array.from({ length: requests }, () => budget.refuse(request(settings))).filter(
    (refusal) => refusal === "",
  ).length;
}

test("as many requests reach a second pod as the share of the counted requests, and those of ten seconds", () => {
  for (const [settings, counted, expected] of [
    ["20/0/50", 10, 100],
    ["20/3/50", 10, 130],
    ["0/3/50", 10, 30],
    ["20/0/50", 0, 0],
    ["0/0/50", 10, 0],
  ] as const)
    withDictionary(() => {
      for (let turn = 0; turn < counted; turn++) assert.equal(budget.count(request(settings)), "");
      assert.equal(allowed(settings, 1000), expected, settings);
    });
});

test("requests and retries count for ten seconds at most", () =>
  withDictionary(() => {
    budget.count(request("20/0/50"));
    assert.equal(allowed("20/0/50", 100), 10);
    mock.timers.tick(5000);
    assert.equal(allowed("20/0/50", 100), 0);
    budget.count(request("20/0/50"));
    assert.equal(allowed("20/0/50", 100), 10);
    mock.timers.tick(5000);
    assert.equal(allowed("20/0/50", 100), 0);
    mock.timers.tick(5000);
    assert.equal(allowed("20/1/50", 100), 10);
  }));

test("requests without a pod, and those for the cache, are not counted", () =>
  withDictionary((dictionary) => {
    budget.count(request("20/0/50", { upstream_addr: undefined }));
    budget.count(request("20/0/50", { upstream_addr: "127.0.0.1:8090", upstream_cache_status: "MISS" }));
    assert.equal(dictionary.size, 0);
  }));

test("refused retries are a metric where there are metrics", () => {
  const metrics = new Map<string, number>();
  withDictionary(() => assert.equal(allowed("0/0/50", 7), 0), metrics);
  assert.deepEqual([...metrics], [["b|", 7]]);
});
