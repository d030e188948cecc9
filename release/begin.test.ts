import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../contract/user-error.ts";
import { sampleStack, sampleWorkload } from "../loadtest/testing/samples.ts";
import { type BeginInput, beginRelease, type ReleaseOptions, requireSameCheckout } from "./begin.ts";
import { ClusterView } from "./cluster-view.ts";
import { SimulatedStack } from "./testing/simulated-stack.ts";

const options: ReleaseOptions = {
  image: undefined,
  canaryWeight: 10,
  canaryPods: 5,
  onInvalid: "hold",
  allowBoth: false,
  scenarios: ["light"],
  duration: "2s",
  connections: undefined,
  repeats: 6,
};
const outputs = sampleStack({ workloads: [sampleWorkload({ name: "api", role: "api" })] });
const { namespace } = outputs;
const digest = `sha256:${"a".repeat(64)}`;
const container = { name: "api", image: "api:1", env: [{ name: "LOG_LEVEL", value: "info" }] };
const selector = { "app.kubernetes.io/name": "api" };

/** Objects of a cluster, by the end of their path. */
const objects: Record<string, object> = {
  "deployments/api": {
    spec: {
      replicas: 3,
      selector: { matchLabels: selector },
      template: { spec: { containers: [container] } },
    },
    status: { updatedReplicas: 3, readyReplicas: 3 },
  },
  "deployments/redis-controller": { spec: { template: { spec: { containers: [{ image: "kit:1" }] } } } },
  "deployments/nginx": {
    spec: { template: { spec: { containers: [], volumes: [{ configMap: { name: "nginx-1" } }] } } },
  },
  "configmaps/nginx-1": { data: { "nginx.conf": "events {}", "count-log.js": "export default {}" } },
  "services/nginx": { spec: { type: "NodePort" } },
  pods: {
    items: [
      {
        metadata: { labels: selector },
        spec: { containers: [container] },
        status: { containerStatuses: [{ name: "api", imageID: `registry/api@${digest}` }] },
      },
    ],
  },
};

const urnOf = (types: string, name: string) => `urn:pulumi:prod::breakwater::${types}::${name}`;
const apiStep = {
  op: "update",
  urn: urnOf("breakwater:k8s:Api$kubernetes:apps/v1:Deployment", "api"),
  newState: { inputs: { spec: { template: { spec: { containers: [{ image: "api:2" }] } } } } },
};
const redisStep = {
  op: "update",
  urn: urnOf("breakwater:k8s:RedisCluster$kubernetes:apps/v1:StatefulSet", "redis"),
  detailedDiff: { "spec.replicas": {} },
};

function inputOf(
  steps: object[],
  more: Partial<BeginInput> = {},
  changed: Record<string, object> = {},
): BeginInput {
  const found = { ...objects, ...changed };
  const api = {
    async getJson<T>(path: string): Promise<T> {
      const [, end = ""] = /\/namespaces\/[^/]+\/([^?]+)/.exec(path) ?? [];
      const object = found[end];
      if (object !== undefined) return object as T;
      const { ApiError } = await import("../host/cluster-api.ts");
      throw new ApiError(404, `HTTP 404: ${end}`);
    },
  };
  return {
    options,
    stack: "prod",
    outputs,
    api,
    view: new ClusterView(api, namespace),
    preview: async () => JSON.stringify({ steps }),
    who: "ops@host",
    git: { commit: "abc", dirty: true },
    now: new Date("2026-11-28T06:30:00Z"),
    ...more,
  };
}

const refuses = (input: BeginInput, what: RegExp, fix: RegExp) =>
  assert.rejects(beginRelease(input), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.exitCode, 2);
    assert.match(error.message, what);
    assert.match(error.fix, fix);
    return true;
  });

test("a release begins with what runs, what comes, and the rendered configuration", async () => {
  const release = await beginRelease(inputOf([apiStep]));
  assert.ok(release);
  assert.match(release.id, /^r-20261128-063000-[0-9a-f]{4}$/);
  assert.deepEqual(
    [release.old.image, release.old.digests, release.next.image],
    ["api:1", [digest], "api:2"],
  );
  assert.deepEqual([release.stableReplicas, release.canaryReplicas, release.kitImage], [3, 3, "kit:1"]);
  assert.deepEqual(Object.keys(release.rendered.old).sort(), [
    "api/container.json",
    "loadtest/settings.json",
    "nginx/nginx.conf",
  ]);
  assert.equal(release.step, "canary-up");
});

test("a stack with pools of its own is refused", async () => {
  const workloads = ["api-blue", "api-green"].map((name) => sampleWorkload({ name, role: "api" }));
  await refuses(
    inputOf([apiStep], { outputs: { ...outputs, workloads } }),
    /has the pools api-blue, api-green/,
    /api\.pools.*docs\/pools\.md/,
  );
});

test("a stack without an old version, and one without an old pod, is refused", async () => {
  const none = { "deployments/api": { spec: { replicas: 0, selector: {}, template: {} } } };
  await refuses(inputOf([apiStep], {}, none), /no pod of an old version runs/, /npm run up/);
});

test("an old version whose rollout has not ended, and another port of the API, are refused", async () => {
  const deployment = objects["deployments/api"] as object;
  const half = { "deployments/api": { ...deployment, status: { updatedReplicas: 1, readyReplicas: 3 } } };
  await refuses(inputOf([apiStep], {}, half), /1 of 3 pods are of its last rollout/, /npm run up/);
  const few = {
    "deployments/api": { ...deployment, metadata: { annotations: { "breakwater.dev/capacity": "{}" } } },
  };
  await refuses(inputOf([apiStep], {}, few), /npm run capacity has changed/, /--restore/);
  const service = {
    op: "update",
    urn: urnOf("breakwater:k8s:Api$kubernetes:core/v1:Service", "api-headless"),
    detailedDiff: { "spec.ports[0].port": {} },
  };
  await refuses(inputOf([apiStep, service]), /ports change \(Service api-headless\)/, /api\.contract\.port/);
});

test("a scenario that the stack does not have is refused", async () => {
  const unknown = { ...options, scenarios: ["light", "nope"] };
  await refuses(inputOf([apiStep], { options: unknown }), /--scenario nope: must be/, /it has: .*light/);
});

test("a gateway that this machine cannot reach is refused", async () => {
  const service = { "services/nginx": { spec: { type: "ClusterIP" } } };
  await refuses(inputOf([apiStep], {}, service), /nginx\.serviceType is ClusterIP/, /NodePort/);
});

test("topology that changes together with the API is refused, unless --allow-both is given", async () => {
  await refuses(inputOf([apiStep, redisStep]), /update of StatefulSet redis/, /--allow-both/);
  const release = await beginRelease(
    inputOf([apiStep, redisStep], { options: { ...options, allowBoth: true } }),
  );
  assert.ok(release?.notRolledBack.includes("update of StatefulSet redis"));
});

test("a checkout that changes nothing has nothing to release, and one that changes other parts only is refused", async () => {
  assert.equal(await beginRelease(inputOf([{ ...apiStep, op: "same" }])), undefined);
  await refuses(
    inputOf([{ ...apiStep, op: "same" }, redisStep]),
    /change nothing of the API's pods/,
    /npm run up/,
  );
});

test("a preview without the API is an error with a fix", async () => {
  await assert.rejects(beginRelease(inputOf([])), { fix: /npm run pulumi -- preview/ });
});

test("going on asks for the same version, and going back does not", async () => {
  const release = new SimulatedStack("good").release({ givenImage: "api:2" });
  const asked: object[] = [];
  const preview = async (variables: object) => {
    asked.push(variables);
    return "{}";
  };
  await requireSameCheckout(release, preview);
  for (const step of ["weights-back", "remove-canary", "back-gate", "ended"] as const)
    await requireSameCheckout({ ...release, step }, preview);
  assert.deepEqual(asked, [{ BREAKWATER_RELEASE: release.id, BREAKWATER_RELEASE_IMAGE: "api:2" }]);
});
