import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { derivePools } from "./derive.ts";
import { imageVersion, isOlder } from "./nginx-version.ts";
import { podWeights, shareTolerance } from "./pool-weights.ts";
import type { RawConfig } from "./stack-config.ts";
import { problemsOf } from "./testing/problems.ts";
import { validate } from "./validate.ts";

/** The paths and texts of the problems that validate finds. */
function problems(raw: RawConfig): string[] {
  return problemsOf(raw).map(({ path, rule, fix }) => `${path} ${rule}; ${fix}`);
}

for (const [image, version] of [
  ["docker.io/library/nginx:1.30", "1.30"],
  ["nginx:1.31.2-alpine-slim", "1.31.2"],
  ["localhost:5000/breakwater/nginx:1.30.6_2@sha256:00", "1.30.6"],
  ["nginx:v1.29.1", "1.29.1"],
  ["nginx:stable", undefined],
  ["nginx", undefined],
  ["localhost:5000/nginx", undefined],
  ["private-registry.nginx.com/nginx-plus/base:r36", undefined],
] as const)
  test(`imageVersion finds ${version} in ${image}`, () => {
    assert.equal(imageVersion(image), version);
  });

test("isOlder takes a series for its newest version", () => {
  for (const [version, than, expected] of [
    ["1.30", "1.31.0", true],
    ["1.30.6", "1.31.0", true],
    ["1.31", "1.31.0", false],
    ["1.31.0", "1.31.0", false],
    ["1.27", "1.27.3", false],
    ["1.27.2", "1.27.3", true],
    ["2.0", "1.31.0", false],
  ] as const)
    assert.equal(isOlder(version, than), expected, `${version} ${than}`);
});

test("validate refuses a balance method and an image that the deployed Nginx does not support, with its version", () => {
  const leastTime = { balance: "least-time" };
  assert.match(
    problems({ nginx: leastTime })[0] ?? "",
    /^nginx\.balance needs Nginx 1\.31\.0 .* Nginx 1\.30; /,
  );
  assert.deepEqual(problems({ nginx: leastTime, images: { nginx: "example.org/nginx:1.31" } }), []);
  assert.deepEqual(problems({ nginx: leastTime, images: { nginx: "example.org/plus:r36" } }), []);
  assert.match(
    problems({ images: { nginx: "nginx:1.22.1" } })[0] ?? "",
    /^images\.nginx must be Nginx 1\.30\.4/,
  );
});

test("validate refuses a hash key that Nginx does not know", () => {
  const hash = (hashKey: string) => problems({ nginx: { balance: "hash", hashKey } });
  for (const hashKey of ["$no_such_variable", "$server_name", "$scheme"])
    assert.match(hash(hashKey)[0] ?? "", /^nginx\.hashKey must be one/);
  for (const hashKey of ["$request_uri", "$http_x_user", "$cookie_session", "$arg_id"])
    assert.deepEqual(hash(hashKey), []);
});

test("validate refuses weights for which a hash has too few values", () => {
  const pools = [
    { name: "blue", replicas: 10, weight: 997 },
    { name: "green", replicas: 10, weight: 1 },
  ];
  assert.deepEqual(problems({ api: { pools } }), []);
  assert.match(problems({ api: { pools }, nginx: { balance: "hash" } })[0] ?? "", /^api\.pools give/);
});

test("validate refuses a gateway whose worker processes do not fit its memory", () => {
  const [problem = ""] = problems({ nginx: { workerConnections: 65_536, cpu: "4" } });
  assert.match(problem, /^nginx\.memory must be at least \d+ MiB for 4 worker processes/);
  const needed = /at least (\d+ MiB)/.exec(problem)?.[1];
  assert.deepEqual(problems({ nginx: { workerConnections: 65_536, cpu: "4", memory: needed } }), []);
  assert.match(
    problems({ nginx: { keepalive: 64, workerConnections: 64 } })[0] ?? "",
    /^nginx\.keepalive must be below/,
  );
});

test("validate refuses options of a node port without one", () => {
  const inside = { serviceType: "ClusterIP", externalTrafficPolicy: "Local" };
  assert.match(problems({ nginx: inside })[0] ?? "", /^nginx\.externalTrafficPolicy needs/);
});

test("validate refuses sticky clients with a method that has no backup servers", () => {
  for (const balance of ["hash", "ip-hash", "random-two"])
    assert.match(
      problems({ nginx: { sticky: true, balance } })[0] ?? "",
      /^nginx\.sticky cannot be combined with/,
    );
  assert.deepEqual(problems({ nginx: { sticky: true, balance: "least-conn" } }), []);
});

test("validate refuses pools of which none takes traffic", () => {
  const pool = (weight: number, backup = false) => ({ name: `p${weight}`, replicas: 1, weight, backup });
  for (const pools of [[pool(0)], [pool(0), pool(1, true)]])
    assert.match(
      problems({ api: { pools } })[0] ?? "",
      /^api\.pools must have a pool that is no backup and has a weight/,
    );
  assert.deepEqual(problems({ api: { pools: [pool(0), pool(1)] } }), []);
});

test("validate refuses the PROXY protocol without a proxy", () => {
  const nginx = { proxyProtocol: true, trustedProxies: ["10.0.0.0/8"], publicUrl: "https://api.example.org" };
  assert.deepEqual(problems({ nginx }), []);
  assert.deepEqual(problems({ nginx: { ...nginx, publicUrl: undefined, serviceType: "LoadBalancer" } }), []);
  assert.match(
    problems({ nginx: { ...nginx, trustedProxies: [] } })[0] ?? "",
    /^nginx\.proxyProtocol needs nginx\.trusted/,
  );
  assert.match(
    problems({ nginx: { ...nginx, publicUrl: undefined } })[0] ?? "",
    /^nginx\.proxyProtocol needs nginx\.publicUrl/,
  );
});

test("validate refuses a PodMonitor without metrics, and an image without Nginx's modules where a program needs one", () => {
  assert.deepEqual(problems({ nginx: { metrics: true, podMonitor: true } }), []);
  assert.match(problems({ nginx: { podMonitor: true } })[0] ?? "", /^nginx\.podMonitor needs nginx\.metrics/);
  const images = { nginx: "docker.io/library/nginx:1.30-alpine-slim" };
  const unbounded = { retryBudget: { percent: 100 } };
  for (const nginx of [unbounded, { methods: ["POST"] }]) assert.deepEqual(problems({ nginx, images }), []);
  assert.deepEqual(problems({ images }), [
    "images.nginx must be an image with Nginx's JavaScript module for nginx.retryBudget; slim images have no modules; use the image without -slim, or set nginx.retryBudget.percent to 100",
  ]);
  assert.match(
    problems({ nginx: { metrics: true, ...unbounded }, images })[0] ?? "",
    /module for nginx\.metrics; .*, or drop nginx\.metrics$/,
  );
});

test("validate refuses a drain that ends requests before their time-out", () => {
  const nginx = { drain: "20 s" };
  assert.match(problems({ nginx })[0] ?? "", /^nginx\.drain must be at least nginx\.timeout \(30 s\)/);
  assert.deepEqual(problems({ nginx: { ...nginx, timeout: "20 s" } }), []);
});

test("validate refuses stream paths that Nginx would never find", () => {
  for (const path of [
    "/events",
    "api/x",
    "/apix",
    "/api//x",
    "/api/./x",
    "/api/..",
    "/api/%20",
    "/api/a b",
    "/api/{",
  ])
    assert.match(
      problems({ nginx: { streamPaths: [path] } })[0] ?? "",
      /^nginx\.streamPaths\[0\] must be/,
      path,
    );
  for (const path of ["/api", "/api/", "/api/events", "/api/v1.2/..events", "/api/users/@me/"])
    assert.deepEqual(problems({ nginx: { streamPaths: [path] } }), [], path);
  assert.match(problems({ nginx: { streamPaths: ["/api/a", "/api/a"] } })[0] ?? "", /no other item/);
  assert.match(
    problems({ nginx: { streamPaths: ["/api/a", "/api/upload"] } })[0] ?? "",
    /^nginx\.streamPaths\[1\] is a path of uploads/,
  );
  assert.deepEqual(problems({ nginx: { streamPaths: ["/api/upload/"] } }), []);
});

test("validate refuses networks that Nginx does not read", () => {
  for (const network of [
    "10.0.0.0/33",
    "10.0.0/8",
    "256.1.1.1",
    "fd00::/129",
    "1::2::3",
    "a",
    "::1 1",
    "1:2:3:4:5:6:7:8:9",
  ])
    assert.match(problems({ nginx: { trustedProxies: [network] } })[0] ?? "", /must be a network/, network);
  for (const network of [
    "10.0.0.0/8",
    "192.0.2.1",
    "fd00::/8",
    "::1",
    "::/0",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
    "2001:db8::a:1/64",
  ])
    assert.deepEqual(problems({ nginx: { trustedProxies: [network] } }), [], network);
});

test("validate accepts exactly the pool names whose Service has a name of at most 63 characters", () => {
  const pools = (length: number) => ({ api: { pools: [{ name: "p".repeat(length), replicas: 1 }] } });
  assert.match(problems(pools(51))[0] ?? "", /at most 50/);
  const [plan] = derivePools(validate(pools(50)).api);
  assert.equal(plan?.serviceName.length, 63);
});

test("podWeights returns small whole numbers that give each pool its share", () => {
  const pool = fc.record({
    replicas: fc.integer({ min: 0, max: 500 }),
    weight: fc.integer({ min: 0, max: 1000 }),
  });
  fc.assert(
    fc.property(fc.array(pool, { minLength: 1, maxLength: 6 }), (pools) => {
      const weights = podWeights(pools);
      assert.ok(weights.every((weight) => Number.isSafeInteger(weight) && weight >= 1 && weight <= 2e8));
      const running = pools
        .map((each, index) => ({ ...each, given: each.replicas * (weights[index] ?? 0) }))
        .filter(({ replicas, weight }) => replicas > 0 && weight > 0);
      const total = running.reduce((sum, { given }) => sum + given, 0);
      const wanted = running.reduce((sum, { weight }) => sum + weight, 0);
      for (const { given, weight } of running)
        assert.ok(Math.abs(given / total / (weight / wanted) - 1) <= shareTolerance * 2);
    }),
  );
});

test("podWeights finds small weights where the exact ones are large", () => {
  assert.deepEqual(
    podWeights([
      { replicas: 33, weight: 95 },
      { replicas: 7, weight: 5 },
    ]),
    [4, 1],
  );
  assert.deepEqual(
    podWeights([
      { replicas: 1, weight: 997 },
      { replicas: 1, weight: 1 },
    ]),
    [997, 1],
  );
});
