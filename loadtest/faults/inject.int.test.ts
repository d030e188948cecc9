import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { UserError } from "../../contract/user-error.ts";
import { sampleOutputs, sampleWorkload } from "../testing/samples.ts";
import { type StubAnswer, StubCluster, type StubExec, type StubRequest } from "../testing/stub-cluster.ts";
import { checkStrike, strike } from "./inject.ts";
import { kill } from "./kill.ts";
import { pause } from "./pause.ts";
import type { Target } from "./target.ts";

const containerId = "no-container-of-this-machine";
const redis = sampleWorkload({
  name: "redis",
  kind: "StatefulSet",
  role: "redis",
  selector: { app: "redis" },
});
const outputs = sampleOutputs({ namespace: "ns", workloads: [sampleWorkload({ replicas: 2 }), redis] });
const pods = "/api/v1/namespaces/ns/pods";
const deployment = "/apis/apps/v1/namespaces/ns/deployments/api";

function pod(name: string, more: { ready?: boolean; restartCount?: number; app?: string } = {}): V1Pod {
  const { ready = true, restartCount = 0, app = "api" } = more;
  const ports = [
    { name: "internal", containerPort: 9000 },
    { name: "http", containerPort: 3000 },
  ];
  const status = { image: "image", imageID: "id", containerID: `containerd://${containerId}` };
  return {
    metadata: { name, uid: `uid-${name}`, labels: { app } },
    spec: { nodeName: "far-away", containers: [{ name: app, ports }] },
    status: { containerStatuses: [{ ...status, name: app, ready, restartCount }] },
  };
}

/** A cluster with two API pods, and what else the test says. */
function cluster(
  answer: (request: StubRequest) => StubAnswer = () => ({ status: 404, body: { message: "no such thing" } }),
  exec?: (path: string, command: string[]) => StubExec,
): Promise<StubCluster> {
  const items = [pod("api-b"), pod("api-a"), pod("api-0", { ready: false })];
  items.push(pod("redis-0", { app: "redis" }), pod("redis-1", { app: "redis" }));
  const list = { status: 200, body: { items } };
  return StubCluster.start((request) => {
    if (request.method === "GET" && request.path === pods) return list;
    return answer(request);
  }, exec);
}

/** No process of this machine is ever looked at, let alone signalled, unless a test made it. */
const elsewhere = { procFolder: join(tmpdir(), "no-such-folder") };

const target: Target = {
  workload: sampleWorkload(),
  namespace: "ns",
  pod: "api-a",
  uid: "uid-api-a",
  node: "far-away",
  container: "api",
  containerId,
  restartCount: 0,
  ports: new Map(),
};

/** A process, and a /proc in which it is the container's. */
async function inContainer(work: (child: ChildProcess, procFolder: string) => Promise<void>): Promise<void> {
  const child = spawn("sleep", ["60"]);
  const folder = await mkdtemp(join(tmpdir(), "proc-"));
  try {
    await mkdir(join(folder, String(child.pid)));
    await writeFile(join(folder, String(child.pid), "cgroup"), `0::/kubepods/pod1/${containerId}\n`);
    await work(child, folder);
  } finally {
    child.kill("SIGKILL");
    await rm(folder, { recursive: true });
  }
}

/** One letter: S sleeping, T stopped. */
async function stateOf(child: ChildProcess): Promise<string> {
  const stat = await readFile(`/proc/${child.pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
}

const broken = (what: RegExp, fix: RegExp) => (error: unknown) =>
  error instanceof UserError && what.test(error.message) && fix.test(error.fix);

test("kill-api kills the process where it runs on this machine", async () => {
  await using stub = await cluster();
  await inContainer(async (child, procFolder) => {
    const ended = once(child, "exit");
    const struck = await kill("kill-api", target, stub.api, procFolder);
    assert.deepEqual(await ended, [null, "SIGKILL"]);
    assert.equal(struck.how, "SIGKILL to api in api-a");
    assert.deepEqual(
      struck.expected.map(({ metric, most }) => [metric, most]),
      [
        ["restarts", 1],
        ["readiness_flaps", 1],
      ],
    );
    assert.deepEqual(stub.requests, []);
  });
});

test("kill-api deletes exactly that pod without grace where it runs elsewhere, and says so", async () => {
  await using stub = await cluster(() => ({ status: 200 }));
  const struck = await strike("kill-api", outputs, stub.api, elsewhere);
  const last = stub.requests.at(-1);
  assert.deepEqual([last?.method, last?.path], ["DELETE", `${pods}/api-a`]);
  const { gracePeriodSeconds, preconditions } = JSON.parse(last?.body ?? "");
  assert.deepEqual([gracePeriodSeconds, preconditions], [0, { uid: "uid-api-a" }]);
  assert.match(struck.how, /api-a deleted .* because its node far-away is not this machine/);
  assert.deepEqual(struck.expected, [{ metric: "pods_replaced", workload: "api", most: 1 }]);
});

test("pause-api stops the process and lets it go on after its time, or when undone", async () => {
  const listeners = process.listenerCount("exit");
  await inContainer(async (child, procFolder) => {
    // Long enough for a busy machine to look before it is over.
    await pause(target, 2, procFolder);
    assert.equal(await stateOf(child), "T");
    for (let looks = 0; looks < 100 && (await stateOf(child)) === "T"; looks++) await sleep(100);
    assert.notEqual(await stateOf(child), "T");
    const struck = await pause(target, 60, procFolder);
    assert.equal(await stateOf(child), "T");
    await struck.undo();
    await struck.undo();
    assert.notEqual(await stateOf(child), "T");
  });
  assert.equal(process.listenerCount("exit"), listeners);
});

test("pause-api of a pod on another machine is refused", async () => {
  await using stub = await cluster();
  const refused = broken(/api-a cannot be paused: its node far-away is not this machine/, /that node/);
  await assert.rejects(strike("pause-api", outputs, stub.api, elsewhere), refused);
  await assert.rejects(checkStrike("pause-api", outputs, stub.api, elsewhere), refused);
});

test("rollout annotates the pods, and undo takes that back and waits", async () => {
  let looks = 0;
  await using stub = await cluster(({ method }) => {
    const done = method === "GET" && ++looks === 3;
    const status = {
      observedGeneration: 2,
      replicas: done ? 2 : 3,
      updatedReplicas: 2,
      availableReplicas: 2,
    };
    return { status: 200, body: { metadata: { generation: 2 }, spec: { replicas: 2 }, status } };
  });
  const struck = await strike("rollout", outputs, stub.api, elsewhere);
  const [patch] = stub.requests;
  assert.deepEqual(
    [patch?.method, patch?.path, patch?.contentType],
    ["PATCH", `${deployment}?fieldManager=breakwater-loadtest`, "application/strategic-merge-patch+json"],
  );
  const annotations = (text = "{}") => JSON.parse(text).spec.template.metadata.annotations;
  assert.deepEqual(annotations(patch?.body), {
    "breakwater/loadtest-rollout": new Date(struck.atMs).toISOString(),
  });
  assert.deepEqual(struck.expected, [{ metric: "pods_replaced", workload: "api", most: 2 }]);
  await struck.undo();
  assert.deepEqual(annotations(stub.requests[1]?.body), { "breakwater/loadtest-rollout": null });
  assert.equal(looks, 3);
});

test("a rollout that cannot be undone tells how to do it by hand", async () => {
  let patches = 0;
  await using stub = await cluster(() => (++patches === 1 ? { status: 200 } : undefined));
  const struck = await strike("rollout", outputs, stub.api, elsewhere);
  await assert.rejects(
    struck.undo(),
    broken(/api was not rolled back/, /^roll it back: kubectl -n ns rollout undo deployment\/api$/),
  );
});

test("oom-api asks one pod for twice its limit and waits for the kill", async () => {
  let looks = 0;
  await using stub = await cluster(({ method }) =>
    method === "POST" ? { status: 502 } : { status: 200, body: pod("api-a", { restartCount: looks++ }) },
  );
  const struck = await strike("oom-api", outputs, stub.api, elsewhere);
  assert.equal(stub.requests[1]?.path, `${pods}/api-a:3000/proxy/lab/allocate?mib=400`);
  assert.equal(looks, 2);
  assert.equal(struck.pod, "api-a");
});

test("oom-api tells how to open a closed lab, before a run and in it", async () => {
  await using stub = await cluster();
  const closed = broken(
    /fault lab of api-a is closed/,
    /pulumi config set --path api\.env\.FAULT_LAB 1 && pulumi up/,
  );
  await assert.rejects(strike("oom-api", outputs, stub.api, elsewhere), closed);
  await assert.rejects(checkStrike("oom-api", outputs, stub.api, elsewhere), closed);
});

test("an open lab is found without an allocation", async () => {
  await using stub = await cluster(() => ({ status: 400 }));
  await checkStrike("oom-api", outputs, stub.api, elsewhere);
  assert.equal(stub.requests.at(-1)?.path, `${pods}/api-a:3000/proxy/lab/allocate`);
});

test("kill-redis-primary asks the pods and strikes a primary with a replica", async () => {
  const commands: string[][] = [];
  await using stub = await cluster(
    () => ({ status: 200 }),
    (path, command) => {
      commands.push(command);
      return { output: path === `${pods}/redis-1/exec` ? "master\n7\n10.0.0.1\n6379\n7\n" : "master\n7\n\n" };
    },
  );
  const struck = await strike("kill-redis-primary", outputs, stub.api, elsewhere);
  assert.equal(struck.pod, "redis-1");
  assert.deepEqual(commands[0], ["sh", "-c", 'redis-cli -h 127.0.0.1 -p "$PORT" role']);
  assert.equal(stub.requests.at(-1)?.path, `${pods}/redis-1`);
});

test("no Redis primary: what the pods said is told", async () => {
  await using failing = await cluster(undefined, () => ({ error: "Could not connect" }));
  await assert.rejects(
    checkStrike("kill-redis-primary", outputs, failing.api, elsewhere),
    broken(/no Redis pod says that it is a primary; sh in redis-0\/rejoin: Could not connect/, /pods\/exec/),
  );
  await using closing = await cluster();
  await assert.rejects(
    checkStrike("kill-redis-primary", outputs, closing.api, elsewhere),
    broken(/the connection closed before it ended/, /pods\/exec/),
  );
});

test("what the user may not do is told with what it takes", async () => {
  await using stub = await cluster(() => ({ status: 403, body: { message: "forbidden" } }));
  await assert.rejects(
    strike("kill-api", outputs, stub.api, elsewhere),
    broken(/kill-api could not be struck: HTTP 403: forbidden/, /needs to delete pods in ns/),
  );
  await assert.rejects(
    strike("kill-nginx", outputs, stub.api, elsewhere),
    broken(/no workload of role nginx/, /--help/),
  );
});
