import assert from "node:assert/strict";
import { test } from "node:test";
import { apiPathsOf } from "../config/api-paths.ts";
import { validate } from "../config/validate.ts";
import { apiPath, notServed } from "./api-path.ts";

const pathsOf = (contract: object) => apiPathsOf(validate({ api: { contract } }).api.contract);

/** Whether the gateway refuses a path as hidden: as it was sent, and as Nginx reads it. */
function isHidden(contract: object, asSent: string, asRead: string): boolean {
  const text = apiPath({ paths: pathsOf(contract) }).http ?? "";
  // JavaScript has no possessive quantifiers, which change nothing here but the memory that a match takes.
  const forms = [...text.replaceAll(/([*+])\+/g, "$1").matchAll(/^ {2}"~(\*?)(.+)" (1|"");$/gm)].map(
    ([, anyCase, form = "", value]) => ({
      form: new RegExp(form, anyCase ? "i" : ""),
      value,
    }),
  );
  assert.ok(forms.length > 0, text);
  return forms.find(({ form }) => form.test(`${asSent} ${asRead}`))?.value === "1";
}

const contract = { live: "/live.z", ready: "/health/ready/", metrics: "/metrics" };

for (const [sent, read] of [
  ["/metrics", "/api/metrics"],
  ["/metrics?x=1", "/api/metrics"],
  ["/METRICS", "/api/METRICS"],
  ["/metrics/", "/api/metrics/"],
  ["/metrics/x", "/api/metrics/x"],
  ["/metrics;a=b", "/api/metrics;a=b"],
  ["//metrics", "/api/metrics"],
  ["/%6Detrics", "/api/metrics"],
  ["/%6Detrics/../x", "/api/x"],
  ["/x/../metrics", "/api/metrics"],
  ["%2Fmetrics%2f..%2fx", "/api/x"],
  ["/live%2Ez", "/api/live.z"],
  ["/health//ready", "/api/health/ready"],
  ["/health;x/ready", "/api/health;x/ready"],
  ["/health%3Bx%2Fready", "/api/health;x/ready"],
  ["/health;x/;y/ready", "/api/health;x/;y/ready"],
  ["/health;x%2fy/ready", "/api/health;x/y/ready"],
  ["/x/../health;x%2f../ready", "/api/ready"],
  ["/;x/metrics", "/api/;x/metrics"],
  ["/x/..;/metrics", "/api/x/..;/metrics"],
  ["/x/%2e%2E%3b/metrics", "/api/x/..;/metrics"],
  ["/x/y/..;/../metrics", "/api/x/y/metrics"],
  ["/.;/metrics", "/api/.;/metrics"],
  ["/.\\metrics", "/api/.\\metrics"],
  ["/x\\..\\metrics", "/api/x\\..\\metrics"],
  ["/x%5c..%5cmetrics", "/api/x\\..\\metrics"],
  ["/%5Cmetrics", "/api/\\metrics"],
  ["//host/metrics", "/api/host/metrics"],
  ["///host//metrics?x", "/api/host/metrics"],
  ["//host/x/../metrics", "/api/host/metrics"],
  ["/health/x//../../ready", "/api/ready"],
  ["/health/x%2fy/../ready", "/api/health/x/ready"],
] as const)
  test(`apiPath hides ${sent}`, () => assert.ok(isHidden(contract, sent, read)));

for (const path of [
  "/metricsx",
  "/x/metrics",
  "/livexz",
  "/health",
  "/health/readyx",
  "/x?a=/metrics",
  "/x?a=\\;/..;/metrics",
  "/x;a=1/metrics",
  "/x;metrics",
  "//host",
  "/DOMAIN%5Cuser",
  "/a%2Fb//c",
  "/a.;b/..c/.d",
])
  test(`apiPath does not hide ${path}`, () =>
    assert.ok(!isHidden(contract, path, `/api${path.replace(/\?.*/, "")}`)));

test("apiPath lets a public path below a hidden one pass, in its own spelling only", () => {
  const nested = { live: "/health", ready: "/health/ready.z", public: ["/health/ready.z"] };
  const isHiddenBelow = (path: string) => isHidden(nested, path, `/api${path.replace(/\?.*/, "")}`);
  for (const path of ["/health/ready.z", "/health/ready.z?x=/../y"]) assert.ok(!isHiddenBelow(path), path);
  for (const path of ["/health", "/health/", "/health/readyxz", "/health/ready.z/", "/health/READY.z"])
    assert.ok(isHiddenBelow(path), path);
  assert.ok(isHidden(nested, "/health/ready%2Ez", "/api/health/ready.z"));
  assert.ok(isHidden(nested, "/health/ready.z/../x", "/api/health/x"));
});

test("apiPathsOf hides neither what is public nor a probe that all paths are below", () => {
  assert.deepEqual(pathsOf(contract).hidden, ["/live.z", "/health/ready/", "/metrics"]);
  assert.deepEqual(pathsOf({ ...contract, public: ["/live.z", "/metrics"] }).hidden, ["/health/ready/"]);
  assert.deepEqual(pathsOf({ live: "/", prefix: "/" }).hidden, []);
});

test("apiPathsOf begins uploads with the prefix", () => {
  const uploads = ["/files/", "/avatar"];
  assert.deepEqual(pathsOf({ uploads }).uploads, ["/api/files/", "/api/avatar"]);
  assert.deepEqual(pathsOf({ uploads, prefix: "/", live: "/x" }).uploads, uploads);
});

test("notServed names the prefix, and what is missing below it", () => {
  assert.equal(notServed(pathsOf({})), "the API lives under /api/");
  assert.match(notServed(pathsOf({ live: "/x" })), /^the API lives under \/api\/, without /);
  assert.equal(notServed(pathsOf({ live: "/x", prefix: "/" })), "this path is not served to clients");
});
