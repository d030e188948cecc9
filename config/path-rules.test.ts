import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOf } from "./testing/problems.ts";

const problems = (contract: object, nginx: object = {}) =>
  problemsOf({ api: { contract }, nginx }).map(({ path, rule }) => `${path} ${rule}`);
const cached = (...paths: string[]) => ({ cache: { paths: paths.map((path) => ({ path })) } });
const root = { live: "/live", prefix: "/" };

test("validate wants paths of the gateway below the prefix", () => {
  assert.deepEqual(problems({}, { streamPaths: ["/api", "/api/events"] }), []);
  assert.match(
    problems({}, { streamPaths: ["/events"] }).join(),
    /^nginx\.streamPaths\[0\] must be a path below \/api\//,
  );
  assert.match(
    problems({}, cached("/apis/a")).join(),
    /^nginx\.cache\.paths\[0\]\.path must be a path below/,
  );
  assert.deepEqual(problems(root, { streamPaths: ["/", "/events"], ...cached("/stats") }), []);
});

test("validate refuses to cache the whole API", () => {
  assert.match(problems({}, cached("/api/")).join(), /must be a path below \/api\//);
});

test("validate refuses paths that the gateway answers itself", () => {
  for (const path of ["/healthz", "/healthz/", "/healthz/x", "/.edge/error"]) {
    const own = /must not be below \/healthz or \/\.edge/;
    assert.match(problems(root, { streamPaths: [path] }).join(), own, path);
    assert.match(problems(root, cached(path)).join(), own, path);
    assert.match(
      problems({ ...root, uploads: [path] }).join(),
      /^api\.contract\.uploads\[0\] must not be below/,
    );
    assert.deepEqual(problems({ uploads: [path] }), [], path);
  }
  assert.deepEqual(problems(root, { streamPaths: ["/healthzz"] }), []);
});

test("validate refuses a path of uploads that is one of streams or of the cache, too", () => {
  const uploads = ["/files/"];
  assert.match(problems({ uploads }, { streamPaths: ["/api/files/"] }).join(), /is a path of uploads/);
  assert.match(problems({ uploads }, cached("/api/files/")).join(), /is a path of uploads .* not kept/);
  assert.deepEqual(problems({ uploads }, { streamPaths: ["/api/upload"], ...cached("/api/files") }), []);
});

test("validate takes as public only paths of the contract", () => {
  assert.deepEqual(problems({ live: "/live", ready: "/ready", public: ["/ready"] }), []);
  assert.match(problems({ live: "/live", public: ["/x"] }).join(), /^api\.contract\.public\[0\] must be the/);
});

test("validate refuses a public path that the gateway answers itself", () => {
  const ofApi = { live: "/healthz", public: ["/healthz"] };
  assert.match(
    problems({ ...ofApi, prefix: "/" }).join(),
    /^api\.contract\.public\[0\] must not be below \/healthz or \/\.edge, which the gateway answers itself$/,
  );
  assert.deepEqual(problems(ofApi), []);
  assert.deepEqual(problems({ ...ofApi, public: [], prefix: "/" }), []);
});

test("validate keeps the prefix of the kit's own API, and what only other APIs have", () => {
  assert.match(problems({ prefix: "/" }).join(), /^api\.contract\.prefix must be \/api\/ without/);
  assert.match(problems({ public: ["/x"] }).join(), /^api\.contract\.public is read only with/);
});

test("validate refuses paths of probes that Nginx would read as more than a path", () => {
  for (const live of ["/a;b", "/a$b", "/a{b", "/a?b", "/../a", "/a//b", "a"])
    assert.match(problems({ live }).join(), /^api\.contract\.live must be a path like/, live);
});
