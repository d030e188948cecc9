import assert from "node:assert/strict";
import { test } from "node:test";
import type { V1NetworkPolicy } from "@kubernetes/client-node";
import { type PolicySubjects, policyLockouts } from "./policy-lockout.ts";

const subjects: PolicySubjects = {
  pods: [
    { role: "nginx", labels: { app: "nginx" }, ports: [{ name: "http", containerPort: 8080 }] },
    { role: "api", labels: { app: "api", tier: "back" }, ports: [{ name: "http", containerPort: 3000 }] },
    {
      role: "redis",
      labels: { app: "redis", tier: "back" },
      ports: [{ name: "redis", containerPort: 6379 }],
    },
  ],
  namespaceLabels: { "kubernetes.io/metadata.name": "shop" },
};

/** A policy as the API server sends it. */
const policy = (name: string, spec: object): V1NetworkPolicy =>
  ({ metadata: { name }, spec: { podSelector: {}, policyTypes: ["Ingress"], ...spec } }) as V1NetworkPolicy;

test("policyLockouts names a policy that denies all ingress, for each connection of a request", () => {
  assert.deepEqual(policyLockouts([policy("default-deny", {})], subjects), [
    "NetworkPolicy default-deny selects nginx and admits nothing from outside the cluster",
    "NetworkPolicy default-deny selects api and admits nothing from nginx",
    "NetworkPolicy default-deny selects redis and admits nothing from api",
  ]);
});

test("policyLockouts names a policy that denies egress", () => {
  const deny = policy("no-egress", {
    policyTypes: ["Egress"],
    podSelector: { matchLabels: { app: "nginx" } },
    egress: [{ ports: [{ protocol: "UDP", port: 53 }] }],
  });
  assert.deepEqual(policyLockouts([deny], subjects), [
    "NetworkPolicy no-egress selects nginx and lets nothing out to api",
  ]);
});

test("policyLockouts finds nothing when another policy admits the connection", () => {
  const allow = (app: string, ingress: object) =>
    policy(`allow-${app}`, { podSelector: { matchLabels: { app } }, ingress: [ingress] });
  const policies = [
    policy("default-deny", {}),
    allow("nginx", {}),
    allow("api", { from: [{ podSelector: { matchLabels: { app: "nginx" } } }], ports: [{ port: "http" }] }),
    allow("redis", {
      from: [
        {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "shop" } },
          podSelector: { matchExpressions: [{ key: "app", operator: "In", values: ["api"] }] },
        },
      ],
      ports: [{ protocol: "TCP", port: 6000, endPort: 7000 }],
    }),
  ];
  assert.deepEqual(policyLockouts(policies, subjects), []);
});

test("policyLockouts names all policies that select a pod when none admits the port or the namespace", () => {
  const policies = [
    policy("b", {
      podSelector: { matchLabels: { app: "api" } },
      ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 9999 }] }],
    }),
    policy("a", {
      podSelector: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["nginx", "redis"] }] },
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: "other" } } }] }],
    }),
  ];
  assert.deepEqual(policyLockouts(policies, subjects), [
    "NetworkPolicies a, b select api and admit nothing from nginx",
  ]);
});

test("policyLockouts takes every address range for one that may have the client", () => {
  const ranges = policy("office", {
    podSelector: { matchLabels: { app: "nginx" } },
    ingress: [{ from: [{ ipBlock: { cidr: "203.0.113.0/24" } }] }],
  });
  assert.deepEqual(policyLockouts([ranges], subjects), []);
});
