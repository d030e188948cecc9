import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type StackOutputs, type Workload, workloadRoles } from "../contract/outputs.ts";
import { projectRoot } from "../scripts/stack.ts";
import {
  closeClusterView,
  deletePods,
  deployments,
  leftovers,
  pods,
  requestsAnswered,
  until,
} from "./cluster-view.ts";
import { inLongForm } from "./long-form.ts";
import { configure, createStack, destroyStack, loadtest, outputs, up } from "./test-stack.ts";

let stack: StackOutputs;
const workload = (role: Workload["role"]): Workload => {
  const found = stack.workloads.find((each) => each.role === role);
  assert.ok(found, `no workload with the role ${role}`);
  return found;
};
const podsOf = (role: Workload["role"]) => pods(stack.namespace, workload(role).selector);

before(createStack);
after(async () => {
  closeClusterView();
  await destroyStack();
});

test("pulumi up deploys a stack that answers through Nginx", async () => {
  await up();
  stack = await outputs();
  const light = await fetch(`${stack.endpoint}/api/light`);
  assert.deepEqual(await light.json(), { ok: true });
  assert.equal((await podsOf("api")).length, 3);
  assert.equal((await podsOf("redis")).length, 6);
});

test("the API reads a user from the database once and then from Redis, until the user is written", async () => {
  const url = `${stack.endpoint}/api/users/7`;
  const put = (name: string) =>
    fetch(url, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name, email: "seven@example.org" }),
    });
  assert.equal((await put("Seven")).status, 201);
  assert.equal((await fetch(url)).headers.get("x-cache-status"), "MISS");
  assert.equal((await fetch(url)).headers.get("x-cache-status"), "HIT");
  assert.equal((await put("Seven of nine")).status, 200);
  // Other processes serve their copies until they receive the message of the write.
  let fresh: Response | undefined;
  await until("the API to return the new name", async () => {
    const answer = await fetch(url);
    const isNew = ((await answer.clone().json()) as { name: string }).name === "Seven of nine";
    if (isNew) fresh = answer;
    return isNew;
  });
  assert.equal(fresh?.headers.get("x-cache-status"), "MISS");
});

test("a second pulumi up changes nothing and replaces no pod", async () => {
  const before = (await Promise.all(workloadRoles.map(podsOf))).flat();
  await up("--expect-no-changes");
  const now = (await Promise.all(workloadRoles.map(podsOf))).flat();
  assert.deepEqual(now.map((pod) => pod.uid).sort(), before.map((pod) => pod.uid).sort());
});

test("the Redis Cluster recovers when all its pods are deleted at once, and reads are cached again", async () => {
  const before = await podsOf("redis");
  await deletePods(stack.namespace, before);
  await until("six new Redis pods", async () => {
    const now = (await podsOf("redis")).filter((pod) => pod.ready);
    return now.length === before.length && now.every((pod) => before.every((old) => old.uid !== pod.uid));
  });
  const url = `${stack.endpoint}/api/users/7`;
  await until("a cached read", async () => {
    const read = await fetch(url);
    assert.equal(read.status, 200);
    return read.headers.get("x-cache-status") === "HIT";
  });
});

for (const replicas of [5, 2]) {
  test(`api.replicas ${replicas} gives ${replicas} pods, and Nginx uses all of them without a restart`, async () => {
    const nginxBefore = await podsOf("nginx");
    await configure("api.replicas", String(replicas));
    await up();
    const api = (await podsOf("api")).filter((pod) => pod.ready);
    assert.equal(api.length, replicas);
    const answered = () => Promise.all(api.map((pod) => requestsAnswered(stack.namespace, pod.name)));
    const before = await answered();
    // Nginx asks the cluster's DNS every two seconds.
    await until("a request to each pod", async () => {
      await Promise.all(Array.from({ length: 5 }, () => fetch(`${stack.endpoint}/api/light`)));
      return (await answered()).every((count, pod) => count > (before[pod] ?? 0));
    });
    assert.deepEqual(await podsOf("nginx"), nginxBefore);
  });
}

interface ReportFile {
  reason: string;
  fault: { name: string; recoveredMs: number | null; reason: string } | null;
  gates: { metric: string; verdict: string }[];
  comparison: {
    before: { apiImage: string };
    after: { apiImage: string };
    rows: { metric: string }[];
  } | null;
}

const out = join(projectRoot, "loadtest", "reports", "e2e");
const lastReport = () => JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as ReportFile;

async function failedGates(
  flags: string[] = [],
  during?: () => Promise<void>,
): Promise<[number | null, string[]]> {
  const run = loadtest("--out", out, ...flags);
  await during?.();
  const { exitCode, stderr } = await run;
  const report = lastReport();
  if (exitCode === 1) console.error(stderr);
  return [exitCode, report.gates.filter((gate) => gate.verdict === "fail").map((gate) => gate.metric)];
}

test("the load test passes on a healthy stack", async () => {
  assert.deepEqual(await failedGates(), [0, []]);
});

/** Asks a pod for a fault some time after the load began. A process that ends does not respond. */
const laterDuringTheRun = (path: string) => async () => {
  await sleep(8_000);
  await fetch(`${stack.endpoint}/api/lab/${path}`, { method: "POST" }).catch(() => undefined);
};

/** Makes a pod leak with every request some time after the load began. A pod that is busy refuses at first. */
const leakDuringTheRun = (bytes: number) => async () => {
  await sleep(8_000);
  await until("a pod that leaks", async () => {
    const url = `${stack.endpoint}/api/lab/leak?bytes=${bytes}`;
    return (await fetch(url, { method: "POST" }).catch(() => undefined))?.ok === true;
  });
};

for (const fault of ["rollout", "kill-api", "kill-redis-primary"]) {
  test(
    `the stack recovers from ${fault} under load, and no gate fails because of the fault itself`,
    fault === "kill-api" ? inLongForm : {},
    async () => {
      const [, gates] = await failedGates(["--fault", fault, "--duration", "20s"]);
      const { fault: outcome } = lastReport();
      assert.equal(outcome?.name, fault);
      assert.ok(typeof outcome?.recoveredMs === "number", outcome?.reason);
      // Requests in the killed process may be lost.
      const allowed = fault === "rollout" ? [] : ["error_rate", "non_2xx_rate"];
      assert.deepEqual(
        gates.filter((gate) => !allowed.includes(gate)),
        [],
      );
    },
  );
}

test("the load test compares two images side by side and removes their pods", inLongForm, async () => {
  const { apiImage } = await outputs();
  // Few connections and expensive requests: a machine that the stack shares must not make the load generator the limit.
  const flags = ["--scenario", "writes", "--connections", "4", "--repeats", "6", "--duration", "1s"];
  const [, gates] = await failedGates(["--compare-images", apiImage, apiImage, ...flags]);
  assert.deepEqual(gates, []);
  const { comparison, reason } = lastReport();
  assert.ok(comparison, reason);
  assert.deepEqual([comparison.before.apiImage, comparison.after.apiImage], [apiImage, apiImage]);
  assert.deepEqual(
    comparison.rows.map(({ metric }) => metric),
    ["throughput", "p50", "p95", "p99", "CPU per request"],
  );
  assert.deepEqual(await deployments(stack.namespace), ["api", "nginx", "redis-controller"]);
});

test("the gates fail when a pod is replaced during the run", inLongForm, async () => {
  const [exitCode, gates] = await failedGates([], async () => {
    await sleep(8_000);
    await deletePods(stack.namespace, (await podsOf("api")).slice(0, 1));
  });
  assert.equal(exitCode, 99);
  assert.ok(gates.includes("pods_replaced"), `failed gates: ${gates.join(", ")}`);
});

test("the gates fail after an out-of-memory kill", async () => {
  await configure("api.env.FAULT_LAB", "1");
  await up();
  const [exitCode, gates] = await failedGates([], laterDuringTheRun("allocate?mib=600"));
  assert.equal(exitCode, 99);
  assert.ok(gates.includes("oom_kills"), `failed gates: ${gates.join(", ")}`);
});

test(
  "the gates fail with a leak of four kilobytes per request, long before the memory limit",
  inLongForm,
  async () => {
    const flags = ["--scenario", "light", "--rate", "300", "--duration", "90s"];
    const [exitCode, gates] = await failedGates(flags, leakDuringTheRun(4096));
    assert.deepEqual([exitCode, gates], [99, ["memory_time_to_limit"]]);
  },
);

test("the gates fail after a crash", inLongForm, async () => {
  const [exitCode, gates] = await failedGates([], laterDuringTheRun("exit?code=3"));
  assert.equal(exitCode, 99);
  assert.ok(gates.includes("restarts"), `failed gates: ${gates.join(", ")}`);
});

test("pulumi destroy leaves nothing behind", async () => {
  await destroyStack();
  // Kubernetes deletes a volume some time after its claim is gone.
  await until(
    "volumes to be deleted",
    async () => !(await leftovers(stack.namespace)).includes("persistentvolume"),
  );
  assert.deepEqual(await leftovers(stack.namespace), []);
});
