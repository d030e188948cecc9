import assert from "node:assert/strict";
import { test } from "node:test";
import { clientZones, idleMemory } from "./gateway-memory.ts";
import { problemsOf } from "./testing/problems.ts";
import { KiB, MiB } from "./units.ts";
import { validate } from "./validate.ts";

/** The problems that validate finds with these options of the gateway on a cluster of the user's own. */
function problems(nginx: object): string[] {
  return problemsOf({ nginx: { serviceType: "LoadBalancer", ...nginx } }).map(
    ({ path, rule, fix }) => `${path} ${rule}; ${fix}`,
  );
}

test("gatewayMemory counts the clients only while their limits are used", () => {
  const memory = (limits: object) =>
    idleMemory(validate({ nginx: { limits, serviceType: "NodePort" } }).nginx, []);
  const none = memory({});
  const zone = memory({ clients: 100_000, requestsPerSecond: 1 }) - none;
  assert.ok(zone > 100_000 * 128 && zone < 100_000 * 130 + 64 * KiB, `${zone} bytes`);
  const connections = memory({ concurrentRequests: 1 }) - none;
  assert.ok(connections >= 4096 * 64 && connections < MiB, `${connections} bytes`);
  assert.deepEqual(clientZones(validate({}).nginx), { rates: 0, concurrent: 0 });
});

test("validate refuses more clients than fit the gateway's memory", () => {
  const limits = { requestsPerSecond: 1, clients: 2_000_000 };
  const [problem = ""] = problems({ limits });
  assert.match(problem, /^nginx\.memory must be at least \d+ MiB .* the clients that are counted/);
  const memory = /at least (\d+ MiB)/.exec(problem)?.[1];
  assert.deepEqual(problems({ limits, memory }), []);
});

test("validate refuses headers that Nginx or the API set themselves, however they are spelled", () => {
  for (const name of [
    "Content-Length",
    "CONTENT-LENGTH",
    "Set-Cookie",
    "X-Request-ID",
    "X-Request-Id",
    "Date",
    "X-Edge-Cache-Status",
  ])
    assert.match(problems({ securityHeaders: { [name]: "1" } })[0] ?? "", /is not a security header/, name);
});

test("validate refuses a header twice in different spellings", () => {
  const [problem = ""] = problems({ securityHeaders: { "X-CONTENT-Type-Options": "nosniff" } });
  assert.match(
    problem,
    /^nginx\.securityHeaders\.X-CONTENT-Type-Options is the same header as X-Content-Type-Options; write/,
  );
});

test("validate refuses security headers that take too much of each response", () => {
  const headers = (count: number, value: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`X-${index}`, value]));
  assert.match(
    problems({ securityHeaders: headers(3, "x".repeat(1500)) })[0] ?? "",
    /^nginx\.securityHeaders must be at most 32 headers of 4096 bytes in all, but are 6 of 4\d{3} bytes/,
  );
  assert.equal(problems({ securityHeaders: headers(30, "1") }).length, 1);
  assert.deepEqual(problems({ securityHeaders: headers(29, "1") }), []);
});

test("validate refuses values that would end a directive or begin a variable", () => {
  for (const value of ["a\nb", "a\rb", "$host", "a$", "\u0000", "ä", " a", "a ", "x".repeat(1501), 1])
    assert.equal(problems({ securityHeaders: { "X-Own": value } }).length, 1, JSON.stringify(value));
  for (const value of ["", "a", 'a"b', "a\\", "'none'; b {c}", "x".repeat(1500)])
    assert.deepEqual(problems({ securityHeaders: { "X-Own": value } }), [], JSON.stringify(value));
});

test("validate refuses names that are no header", () => {
  for (const name of ["x-own", "X Own", "X:Own", "X-", "-X", "", "X_Own", "X\nOwn", `X${"x".repeat(64)}`])
    assert.equal(problems({ securityHeaders: { [name]: "1" } }).length, 1, JSON.stringify(name));
});

test("validate keeps the default security headers beside those that are given, and an empty value removes one", () => {
  const { securityHeaders } = validate({
    nginx: { securityHeaders: { "X-Own": "1", "Referrer-Policy": "" } },
  }).nginx;
  assert.deepEqual(securityHeaders, {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Own": "1",
  });
});

test("validate refuses methods that Nginx does not pass on", () => {
  for (const methods of [[], ["TRACE"], ["CONNECT"], ["get"], ["GET", "GET"], ["G T"], ["A;"], [""]])
    assert.equal(problems({ methods }).length, 1, JSON.stringify(methods));
  assert.deepEqual(problems({ methods: ["GET", "M-SEARCH", "TRACER"] }), []);
});
