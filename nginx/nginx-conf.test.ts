import assert from "node:assert/strict";
import { test } from "node:test";
import { validate } from "../config/validate.ts";
import { type NginxSettings, renderNginxConf } from "./nginx-conf.ts";

const settings: NginxSettings = {
  ...validate({}).nginx,
  balance: "round-robin",
  hashKey: "$request_uri",
  keepalive: 32,
  timeout: 30_000,
  maxFails: 3,
  failTimeout: 5000,
  accessLog: false,
  pools: [{ server: "api-headless.space.svc.cluster.local:3000", podWeight: 1, backup: false }],
  resolver: "10.43.0.10",
  uploadMax: 1024 ** 3,
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
    "zone api 256k;",
    "server api-headless.space.svc.cluster.local:3000 resolve max_fails=3 fail_timeout=5s;",
    "keepalive 32;",
    "keepalive_requests 100000;",
    "keepalive_timeout 55s;",
  ]);
  assert.match(renderNginxConf(settings), /^ {2}resolver 10\.43\.0\.10 valid=1s ipv6=off;$/m);
});

test("renderNginxConf writes a pool's weight and marks a backup", () => {
  const pools = [
    { server: "blue:3000", podWeight: 3, backup: false },
    { server: "spare:3000", podWeight: 1, backup: true },
  ];
  const lines = block("upstream api", { pools, failTimeout: 1500 });
  assert.deepEqual(
    lines.filter((line) => line.startsWith("server ")),
    [
      "server blue:3000 resolve weight=3 max_fails=3 fail_timeout=1500ms;",
      "server spare:3000 resolve max_fails=3 fail_timeout=1500ms backup;",
    ],
  );
});

for (const [balance, line] of [
  ["least-conn", "least_conn;"],
  ["random-two", "random two least_conn;"],
  ["ip-hash", "ip_hash;"],
  ["hash", "hash $request_uri consistent;"],
  ["least-time", "least_time header;"],
] as const) {
  test(`renderNginxConf writes balance ${balance} after the zone and before the servers`, () => {
    assert.equal(block("upstream api", { balance })[1], line);
  });
}

test("renderNginxConf passes requests without the /api prefix, with headers about the client", () => {
  assert.deepEqual(block("location /api/"), ["proxy_pass http://api/;"]);
  const lines = block("server");
  for (const header of [
    "Host $http_host",
    "X-Real-IP $remote_addr",
    "X-Forwarded-For $proxy_add_x_forwarded_for",
    "X-Forwarded-Proto $scheme",
    "Upgrade $http_upgrade",
    "Connection $connection_to_pod",
  ]) {
    assert.ok(lines.includes(`proxy_set_header ${header};`), header);
  }
  assert.ok(lines.includes("proxy_read_timeout 30s;"));
});

test("renderNginxConf streams uploads, up to their own limit plus the form's parts", () => {
  assert.deepEqual(block("location = /api/upload"), [
    "proxy_pass http://api/upload;",
    "proxy_request_buffering off;",
    `client_max_body_size ${1024 ** 3 + 1024 ** 2};`,
  ]);
});

test("renderNginxConf answers errors of its own in the API's form, with the request id", () => {
  assert.deepEqual(block("location = /.edge/no_pod"), [
    "internal;",
    "default_type application/json;",
    "add_header Retry-After 1 always;",
    "add_header X-Request-ID $request_id_to_pod always;",
    `return 503 '{"error":"Service Unavailable","message":"no API pod can answer right now","requestId":"$request_id_to_pod"}';`,
  ]);
  const named = [...renderNginxConf(settings).matchAll(/error_page \d+ = (\S+);/g)].map(([, name]) => name);
  assert.equal(named.length, 8);
  for (const name of named) assert.ok(block(`location = ${name}`).includes("internal;"), name);
});

test("renderNginxConf retries only requests that no pod received or that are idempotent", () => {
  const text = renderNginxConf(settings);
  assert.match(text, /proxy_next_upstream error timeout;/);
  assert.doesNotMatch(text, /non_idempotent/);
});

test("renderNginxConf rounds the CPU limit up to a number of worker processes", () => {
  const workers = (cpu: number) =>
    /^worker_processes (\d+);$/m.exec(renderNginxConf({ ...settings, cpu }))?.[1];
  assert.deepEqual([workers(200), workers(1000), workers(1500)], ["1", "1", "2"]);
});

test("renderNginxConf writes an access log only when accessLog is on", () => {
  assert.match(renderNginxConf(settings), /^ {2}access_log off;$/m);
  assert.match(renderNginxConf({ ...settings, accessLog: true }), /access_log \/dev\/stdout line /);
});

test("renderNginxConf logs the same request id that the pods get", () => {
  assert.ok(block("server").includes("proxy_set_header X-Request-ID $request_id_to_pod;"));
  assert.match(renderNginxConf({ ...settings, accessLog: true }), /"request":"\$request_id_to_pod"/);
});

test("renderNginxConf puts an IPv6 resolver into brackets", () => {
  assert.match(renderNginxConf({ ...settings, resolver: "fd00::a" }), /resolver \[fd00::a\] /);
});

test("renderNginxConf gives equal text for equal settings, and closes every brace", () => {
  const text = renderNginxConf(settings);
  assert.equal(text, renderNginxConf(structuredClone(settings)));
  assert.equal(text.split("{").length, text.split("}").length);
});
