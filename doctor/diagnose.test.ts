import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose, mayNeedLiberty } from "./diagnose.ts";
import type { Trial, TrialContract } from "./trial.ts";

const contract: TrialContract = {
  image: "registry.example.org/shop:1",
  port: 3000,
  live: "/healthz",
  ready: "/ready",
  hasDatabase: true,
  keepAliveMs: 5000,
  env: {},
  unknownVariables: [],
  limits: { cpu: "1", memory: "256Mi" },
  startSeconds: 30,
  stopSeconds: 15,
};
const good: Trial = {
  liberty: "none",
  log: [],
  sockets: [{ isLocal: false, port: 3000 }],
  live: 200,
  ready: 200,
  answeredAtStop: true,
  stop: { exitCode: 0, seconds: 1 },
};
const dead: Trial = { liberty: "none", log: [], sockets: [], live: null, ready: null, ended: 1 };
const found = (...trials: Trial[]) => diagnose(trials, contract).map(({ kind, what }) => `${kind}: ${what}`);

test("an API that keeps the rules has no finding, also when it ends by the signal or is not ready without its database", () => {
  assert.deepEqual(found(good), []);
  assert.deepEqual(found({ ...good, stop: { exitCode: 143, seconds: 1 } }), []);
  assert.match(found({ ...good, ready: 503 }).join(), /^note: GET \/ready gets HTTP 503/);
});

test("several broken rules of one API are all named", () => {
  const bad = { ...good, sockets: [{ isLocal: true, port: 3000 }], live: 404, ready: 404 };
  const findings = found({ ...bad, stop: { exitCode: 137, seconds: 15 } });
  assert.equal(findings.length, 4);
  assert.match(findings[0] ?? "", /listens on 127\.0\.0\.1:3000 only/);
  assert.match(findings[3] ?? "", /does not end within 15 s/);
});

test("an API on another port is shown the port that it has", () => {
  assert.match(
    found({ ...good, sockets: [{ isLocal: false, port: 8080 }] }).join(),
    /on port 8080, not on 3000/,
  );
  const [finding] = diagnose([{ ...good, sockets: [{ isLocal: true, port: 8080 }] }], contract);
  assert.match(finding?.fix ?? "", /all addresses, or set api\.contract\.port to 8080/);
});

test("what a container that does not start is called depends on Kubernetes' reason", () => {
  const reasons = {
    'StartError: exec: "/bin/sh": stat /bin/sh: no such file or directory': /needs a shell/,
    "StartError: exec /server: exec format error": /another platform/,
    "ErrImagePull: no match for platform in manifest: not found": /another platform/,
    "ErrImagePull: not found": /cannot pull registry\.example\.org\/shop:1/,
    "CreateContainerConfigError: container has runAsNonRoot": /does not start/,
  };
  for (const [notStarted, expected] of Object.entries(reasons))
    assert.match(found({ ...dead, notStarted }).join(), expected);
  assert.match(found({ ...dead, log: ["exec /server: exec format error"] }).join(), /another platform/);
});

test("an image that needs a password is a note, and a variable that was not known is named", () => {
  const notStarted = "ErrImagePull: failed to authorize: 401 unauthorized";
  assert.match(found({ ...dead, notStarted }).join(), /^note: the cluster may not pull/);
  const [finding] = diagnose([{ ...dead, log: ["Error: KEY"] }], { ...contract, unknownVariables: ["KEY"] });
  assert.match(finding?.fix ?? "", /KEY had another value here/);
});

test("an API that serves with a liberty only needs that, and the log of the trial without it shows why", () => {
  const readOnly = {
    ...dead,
    log: ["Error: EROFS: read-only file system, open '/app/x'", "    at main (a.js)"],
  };
  for (const liberty of ["writable root file system", "root user"] as const)
    assert.match(found(readOnly, { ...good, liberty }).join(), /writes to its root file system.*EROFS/);
  const refused = { ...dead, log: ["listen EACCES: permission denied 0.0.0.0:80"] };
  assert.match(found(refused, dead, { ...good, liberty: "root user" }).join(), /runs as root only.*EACCES/);
  assert.equal(mayNeedLiberty(refused), true);
  assert.equal(mayNeedLiberty({ ...good, live: null }), false);
  assert.equal(
    mayNeedLiberty({ liberty: "none", log: ["waiting"], sockets: [], live: null, ready: null }),
    false,
  );
});

test("a program that ends, or never listens, is shown with the lines of its log that say why", () => {
  const log = ["starting", "Error: no database", "    at main (a.js)", "Node.js v24"];
  assert.match(found({ ...dead, log }).join(), /ends with code 1; it wrote: Error: no database$/);
  const { ended: _, ...silent } = dead;
  assert.match(found(silent).join(), /nothing listens 30 s after the start; it wrote nothing/);
});

test("an API that closes idle connections before the gateway does is shown both times", () => {
  assert.deepEqual(found({ ...good, keepAliveSeconds: 5 }), []);
  const [finding, ...others] = diagnose([{ ...good, keepAliveSeconds: 2 }], contract);
  assert.match(finding?.what ?? "", /idle for 2 s, and the gateway expects 5 s/);
  assert.match(finding?.fix ?? "", /api\.contract\.keepAlive to '2 s'/);
  assert.deepEqual(others, []);
  const [tooShort] = diagnose([{ ...good, keepAliveSeconds: 1 }], contract);
  assert.match(tooShort?.fix ?? "", /^let the server keep them for 5 s or longer$/);
});

test("a request in progress that gets no response at SIGTERM is a broken rule", () => {
  assert.match(found({ ...good, answeredAtStop: false }).join(), /at SIGTERM it cuts off/);
});
