import assert from "node:assert/strict";
import { test } from "node:test";
import type { RawConfig } from "./stack-config.ts";
import { problemsOf } from "./testing/problems.ts";

/** The paths and rules of the problems that validate finds. */
function problems(nginx: object, more: RawConfig = {}): string[] {
  return problemsOf({ registry: { address: "registry.example.org" }, nginx, ...more }).map(
    ({ path, rule, fix }) => `${path} ${rule}; ${fix}`,
  );
}

const selfSigned = true;

test("validate refuses ports of HTTPS that no node can have", () => {
  const nodePort = 30_100;
  assert.match(
    problems({ serviceType: "ClusterIP", tls: { selfSigned, nodePort } })[0] ?? "",
    /^nginx\.tls\.nodePort needs nginx\.serviceType NodePort/,
  );
  assert.match(
    problems({ nodePort, tls: { selfSigned, nodePort } })[0] ?? "",
    /^nginx\.tls\.nodePort must differ from nginx\.nodePort/,
  );
  assert.deepEqual(problems({ nodePort, tls: { selfSigned, nodePort: 30_101 } }), []);
});

test("validate refuses a public URL without TLS for a gateway with TLS", () => {
  const publicUrl = "http://api.example.org";
  assert.match(
    problems({ publicUrl, tls: { secret: "edge" } })[0] ?? "",
    /^nginx\.publicUrl must start with https.*; .* https:\/\/api\.example\.org$/,
  );
  assert.deepEqual(problems({ publicUrl }), []);
});

test("validate refuses redirects to a port that is not known", () => {
  const cluster = { kubeContext: "there" };
  const nginx = { serviceType: "NodePort", tls: { selfSigned } };
  assert.match(problems(nginx, { cluster })[0] ?? "", /^nginx\.tls\.nodePort is required with/);
  assert.deepEqual(problems(nginx), []);
  for (const tls of [
    { selfSigned, redirect: false },
    { selfSigned, nodePort: 30_443 },
  ])
    assert.deepEqual(problems({ ...nginx, tls }, { cluster }), []);
  assert.deepEqual(problems({ ...nginx, publicUrl: "https://api.example.org" }, { cluster }), []);
});

test("validate refuses the header of HSTS in two places", () => {
  const securityHeaders = { "Strict-Transport-Security": "max-age=1" };
  assert.match(
    problems({ securityHeaders, tls: { selfSigned, hsts: "1 h" } })[0] ?? "",
    /^nginx\.securityHeaders\.Strict-Transport-Security must be absent with nginx\.tls\.hsts/,
  );
  assert.deepEqual(problems({ securityHeaders, tls: { selfSigned } }), []);
});
