import assert from "node:assert/strict";
import { test } from "node:test";
import { apiPathsOf } from "../config/api-paths.ts";
import { validate } from "../config/validate.ts";
import { renderNginxConf } from "./nginx-conf.ts";
import type { NginxSettings } from "./settings.ts";

const pool = { name: "api", replicas: 3, podWeight: 1, backup: false, share: 1 };

const settings: NginxSettings = {
  ...validate({}).nginx,
  balance: "round-robin",
  hashKey: "$request_uri",
  keepalive: 32,
  timeout: 30_000,
  maxFails: 3,
  failTimeout: 5000,
  accessLog: false,
  pools: [{ ...pool, server: "api-headless.space.svc.cluster.local:3000" }],
  resolver: "10.43.0.10",
  uploadMax: 1024 ** 3,
  paths: apiPathsOf(validate({}).api.contract),
};

/** Returns the trimmed lines of the block that starts with `head`. */
function block(head: string, changes: Partial<NginxSettings> = {}): string[] {
  const text = renderNginxConf({ ...settings, ...changes });
  const found = new RegExp(
    `^( *)${head.replace(/[/.*+?()[\]{}|^$]/g, "\\$&")} \\{\\n([\\s\\S]*?)^\\1\\}`,
    "m",
  ).exec(text);
  assert.ok(found, `no block ${head}`);
  return (found[2] ?? "")
    .trim()
    .split("\n")
    .map((line) => line.trim());
}

test("renderNginxConf resolves the pools' host names at run time", () => {
  assert.deepEqual(block("upstream api"), [
    "zone api 2m;",
    "server api-headless.space.svc.cluster.local:3000 resolve max_fails=3 fail_timeout=5s;",
    "server api-headless.space.svc.cluster.local:3000 resolve max_fails=0 fail_timeout=5s backup;",
    "keepalive 32;",
    "keepalive_requests 100000;",
    "keepalive_timeout 55s;",
  ]);
  assert.match(renderNginxConf(settings), /^ {2}resolver 10\.43\.0\.10 valid=1s ipv6=off;$/m);
});

test("renderNginxConf closes idle connections a second before the API does", () => {
  assert.ok(block("upstream api", { keepAlive: 5000 }).includes("keepalive_timeout 4s;"));
});

test("renderNginxConf writes a pool's weight and marks a backup", () => {
  const pools = [
    { ...pool, server: "blue:3000", podWeight: 3 },
    { ...pool, server: "spare:3000", backup: true },
  ];
  const lines = block("upstream api", { pools, failTimeout: 1500 });
  assert.deepEqual(
    lines.filter((line) => line.startsWith("server ")),
    [
      "server blue:3000 resolve weight=3 max_fails=3 fail_timeout=2s;",
      "server spare:3000 resolve max_fails=3 fail_timeout=2s backup;",
    ],
  );
});

test("renderNginxConf writes a pool without pods, but not one without a weight", () => {
  const pools = [
    { ...pool, server: "empty:3000", replicas: 0, share: 0 },
    { ...pool, server: "idle:3000", replicas: 3, share: 0 },
    { ...pool, server: "spare:3000", backup: true },
  ];
  const servers = block("upstream api", { pools }).flatMap((line) => /^server (\w+)/.exec(line)?.[1] ?? []);
  assert.deepEqual(servers, ["empty", "spare"]);
});

for (const [balance, line] of [
  ["least-conn", "least_conn;"],
  ["random-two", "random two least_conn;"],
  ["ip-hash", "ip_hash;"],
  ["hash", "hash $hashed;"],
  ["least-time", "least_time header;"],
] as const) {
  test(`renderNginxConf writes balance ${balance} after the zone and before the servers`, () => {
    assert.equal(block("upstream api", { balance })[1], line);
  });
}

test("renderNginxConf streams uploads, up to their own limit plus the form's parts", () => {
  const lines = block("location = /api/upload");
  assert.ok(lines.includes("proxy_request_buffering off;"));
  assert.ok(lines.includes(`client_max_body_size ${1024 ** 3 + 1024 ** 2};`));
});

test("renderNginxConf rounds the CPU limit up to a number of worker processes", () => {
  const workers = (cpu: number) =>
    /^worker_processes (\d+);$/m.exec(renderNginxConf({ ...settings, cpu }))?.[1];
  assert.deepEqual([workers(200), workers(1000), workers(1500)], ["1", "1", "2"]);
});

test("renderNginxConf writes an access log only when accessLog is on", () => {
  assert.doesNotMatch(renderNginxConf(settings), /access_log (?!off;|\/dev\/null )/);
  const retryBudget = { percent: 100, perSecond: 10 };
  assert.match(renderNginxConf({ ...settings, retryBudget }), /^ {2}access_log off;$/m);
  assert.match(renderNginxConf({ ...settings, accessLog: true }), /access_log \/dev\/stdout line /);
});

test("renderNginxConf asks DNS for addresses of the resolver's family, and listens on IPv6 when pods have it", () => {
  const lines = (changes: Partial<NginxSettings>) =>
    renderNginxConf({ ...settings, ...changes })
      .split("\n")
      .map((line) => line.trim());
  const onIpv6 = "listen [::]:8080 reuseport backlog=4096 ipv6only=on;";
  assert.ok(!lines({}).includes(onIpv6));
  const dual = lines({ ipv6: true });
  assert.ok(dual.includes(onIpv6) && dual.includes("resolver 10.43.0.10 valid=1s ipv6=off;"));
  const only = lines({ resolver: "fd00::a" });
  assert.ok(only.includes(onIpv6) && only.includes("resolver [fd00::a] valid=1s ipv4=off;"));
});

test("renderNginxConf gives equal text for equal settings, and closes every brace", () => {
  const text = renderNginxConf(settings);
  assert.equal(text, renderNginxConf(structuredClone(settings)));
  assert.equal(text.split("{").length, text.split("}").length);
});

test("renderNginxConf keeps a quarter of the worker connections idle to pods, unless keepalive is given", () => {
  const idle = (changes: Partial<NginxSettings>) =>
    block("upstream api", { keepalive: undefined, ...changes }).find((line) => /^keepalive \d/.test(line));
  assert.equal(idle({}), "keepalive 1024;");
  assert.equal(idle({ workerConnections: 64 }), "keepalive 16;");
  assert.equal(idle({ workerConnections: 65_536 }), "keepalive 1024;");
  assert.equal(idle({ keepalive: 1500 }), "keepalive 1500;");
});
