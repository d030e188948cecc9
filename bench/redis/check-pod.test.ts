import assert from "node:assert/strict";
import { test } from "node:test";
import type { V1Container, V1Deployment } from "@kubernetes/client-node";
import { checkPodOf } from "./check-pod.ts";

const settings = { seconds: 30, rate: 100, keys: 1000 };

function deployment(container: Partial<V1Container>): V1Deployment {
  const labels = { "app.kubernetes.io/name": "api" };
  return {
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          imagePullSecrets: [{ name: "pull" }],
          securityContext: { runAsNonRoot: true },
          containers: [{ name: "api", image: "api:1", ...container }],
        },
      },
    },
  };
}

test("checkPodOf has the API's image, restrictions and access to Redis, and nothing else of it", () => {
  const env = [
    { name: "REDIS_NODES", value: "redis-0:6379" },
    { name: "REDIS_USERNAME", value: "api" },
    { name: "DATABASE_URL", value: "postgres://x" },
  ];
  const securityContext = { readOnlyRootFilesystem: true };
  const pod = checkPodOf(
    deployment({ env, envFrom: [{ secretRef: { name: "api-1" } }], securityContext }),
    "ns",
    settings,
  );
  const [container] = pod.spec?.containers ?? [];
  assert.equal(container?.image, "api:1");
  assert.deepEqual(container?.securityContext, securityContext);
  assert.deepEqual(pod.spec?.imagePullSecrets, [{ name: "pull" }]);
  assert.equal(container?.envFrom, undefined);
  assert.deepEqual(
    container?.env?.filter(({ name }) => !name.startsWith("CHECK_")).map(({ name }) => name),
    ["REDIS_NODES", "REDIS_USERNAME", "REDIS_PASSWORD_FILE", "REDIS_PASSWORD"],
  );
  // It logs in as its own user, and gets no password of another.
  assert.equal(container?.env?.find(({ name }) => name === "REDIS_USERNAME")?.value, "check");
  const { secretKeyRef } = container?.env?.find(({ name }) => name === "REDIS_PASSWORD")?.valueFrom ?? {};
  assert.deepEqual(secretKeyRef, { name: "redis-users", key: "check" });
  const [volume] = pod.spec?.volumes ?? [];
  assert.deepEqual(volume?.secret?.items, [{ key: "check", path: "check" }]);
  // No Service of the API selects it.
  assert.notEqual(pod.metadata?.labels?.["app.kubernetes.io/name"], "api");
});
