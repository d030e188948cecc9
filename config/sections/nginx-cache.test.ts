import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheVolumeBytes, cacheZoneBytes } from "../cache-size.ts";
import { idleMemory } from "../gateway-memory.ts";
import { problemsOf } from "../testing/problems.ts";
import { validate } from "../validate.ts";

function problems(nginx: object): string[] {
  return problemsOf({ nginx }).map(({ path, rule }) => `${path} ${rule}`);
}

const cached = (...paths: string[]) => ({ cache: { paths: paths.map((path) => ({ path })) } });

test("there is no cache by default, and it takes neither memory nor room on the volume", () => {
  const { cache } = validate({}).nginx;
  assert.deepEqual([cacheZoneBytes(cache), cacheVolumeBytes(cache)], [0, 0]);
});

test("a kept path has a short time by default", () => {
  const [path] = validate({ nginx: cached("/api/users/") }).nginx.cache.paths;
  assert.deepEqual(path, { path: "/api/users/", ttl: 1000, stale: 10_000 });
});

for (const [what, nginx, expected] of [
  ["the whole API", cached("/api/"), /^nginx\.cache\.paths\[0\]\.path must be a path below \/api\//],
  ["a path outside of the API", cached("/users/"), /^nginx\.cache\.paths\[0\]\.path must be a path below/],
  ["a path with dots as a segment", cached("/api/../users/"), /must be a path like/],
  ["a path with what Nginx reads as more than a path", cached("/api/x{"), /must be a path like/],
  [
    "a path twice",
    cached("/api/a/", "/api/a/"),
    /^nginx\.cache\.paths\[1\]\.path must be a path that no other item has/,
  ],
  ["uploads", cached("/api/upload"), /^nginx\.cache\.paths\[0\]\.path is a path of uploads/],
  [
    "a path of streams",
    { ...cached("/api/events/"), streamPaths: ["/api/events/"] },
    /^nginx\.cache\.paths\[0\]\.path is a path of nginx\.streamPaths/,
  ],
  [
    "paths for clients that stay on their pool",
    { ...cached("/api/a"), sticky: true },
    /^nginx\.cache\.paths cannot be combined with nginx\.sticky/,
  ],
  [
    "responses of methods that are refused",
    { ...cached("/api/a"), methods: ["POST", "PUT"] },
    /^nginx\.cache\.paths needs GET or HEAD in nginx\.methods/,
  ],
  [
    "what it would fetch from a single pod",
    { ...cached("/api/a"), balance: "ip-hash" },
    /^nginx\.balance cannot be combined with nginx\.cache\.paths/,
  ],
  ...["$remote_addr", "$remote_user", "$cookie_session"].map(
    (hashKey) =>
      [
        `what it would fetch from the pod of ${hashKey}`,
        { ...cached("/api/a"), balance: "hash", hashKey },
        /^nginx\.hashKey cannot be combined with nginx\.cache\.paths/,
      ] as const,
  ),
  [
    "a time below a second",
    { cache: { paths: [{ path: "/api/a", ttl: "500 ms" }] } },
    /^nginx\.cache\.paths\[0\]\.ttl must be from 1 s/,
  ],
] as const)
  test(`validate refuses to keep ${what}`, () => {
    const [problem = "", ...rest] = problems(nginx);
    assert.match(problem, expected);
    assert.deepEqual(rest, []);
  });

for (const nginx of [
  { methods: ["HEAD"] },
  { methods: ["GET"] },
  { balance: "hash" },
  { balance: "hash", hashKey: "$http_x_tenant" },
])
  test(`validate keeps paths with ${JSON.stringify(nginx)}`, () => {
    assert.deepEqual(problems({ ...cached("/api/a"), ...nginx }), []);
  });

test("the memory of the gateway must have room for the cache's zone", () => {
  const { nginx } = validate({ nginx: { ...cached("/api/a"), memory: "128 MiB" } });
  assert.ok(idleMemory(nginx, []) > idleMemory(validate({}).nginx, []) + cacheZoneBytes(nginx.cache));
  const large = { cache: { ...cached("/api/a").cache, size: "64 GiB" } };
  assert.match(problems(large)[0] ?? "", /^nginx\.memory must be at least \d+ MiB .*nginx\.cache/);
});
