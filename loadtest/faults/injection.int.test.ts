import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { V1Pod } from "@kubernetes/client-node";
import { UserError } from "../../contract/user-error.ts";
import { poll } from "../../host/poll.ts";
import type { ReadyPod } from "../observe/ready-pods.ts";
import { sampleStack, sampleWorkload } from "../testing/samples.ts";
import { type StubAnswer, StubCluster, type StubExec, type StubRequest } from "../testing/stub-cluster.ts";
import type { FaultContext } from "./fault.ts";
import { type FaultName, parseFault } from "./faults.ts";
import { checkFault, injectFault } from "./injection.ts";
import { killProcess } from "./kill-process.ts";
import { pause } from "./pause-api.ts";

const containerId = "no-container-of-this-machine";
const redis = sampleWorkload({
  name: "redis",
  kind: "StatefulSet",
  role: "redis",
  selector: { app: "redis" },
});
const outputs = sampleStack({ namespace: "ns", workloads: [sampleWorkload({ replicas: 2 }), redis] });
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

/** A cluster with two API pods; `answer` and `exec` respond to other requests. */
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

/** The context of a fault. Without a `/proc`, it never signals a process that no test made. */
function contextOf(stub: StubCluster, procFolder = join(tmpdir(), "no-such-folder")): FaultContext {
  return { outputs, api: stub.api, pauseSeconds: 5, procFolder };
}
const inject = (name: FaultName, stub: StubCluster) => injectFault(parseFault(name), contextOf(stub));
const check = (name: FaultName, stub: StubCluster) => checkFault(parseFault(name), contextOf(stub));

const target: ReadyPod = {
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

/** A process, and a /proc in which it belongs to the container. */
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

/** The state of a process: S sleeping, T stopped. */
async function stateOf(child: ChildProcess): Promise<string> {
  const stat = await readFile(`/proc/${child.pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
}

/** Waits until a process is stopped or runs again. @returns whether that happened within 10 s */
async function becomes(state: "stopped" | "running", child: ChildProcess): Promise<boolean> {
  const attempt = async () => ((await stateOf(child)) === "T") === (state === "stopped");
  return (await poll({ timeoutMs: 10_000, intervalMs: 20 }, attempt)) ?? false;
}

const broken = (what: RegExp, fix: RegExp) => (error: unknown) =>
  error instanceof UserError && what.test(error.message) && fix.test(error.fix);

test("kill-api kills the process when it runs on this machine", async () => {
  await using stub = await cluster();
  await inContainer(async (child, procFolder) => {
    const ended = once(child, "exit");
    const injected = await killProcess(target, contextOf(stub, procFolder));
    assert.deepEqual(await ended, [null, "SIGKILL"]);
    assert.equal(injected.how, "SIGKILL to api in api-a");
    assert.deepEqual(
      injected.expected.map(({ metric, most }) => [metric, most]),
      [
        ["restarts", 1],
        ["readiness_flaps", 1],
      ],
    );
    assert.deepEqual(stub.requests, []);
  });
});

test("kill-api deletes exactly that pod without grace when it runs elsewhere, and reports that", async () => {
  await using stub = await cluster(() => ({ status: 200 }));
  const injected = await inject("kill-api", stub);
  const last = stub.requests.at(-1);
  assert.deepEqual([last?.method, last?.path], ["DELETE", `${pods}/api-a`]);
  const { gracePeriodSeconds, preconditions } = JSON.parse(last?.body ?? "");
  assert.deepEqual([gracePeriodSeconds, preconditions], [0, { uid: "uid-api-a" }]);
  assert.match(injected.how, /api-a deleted .* because its node far-away is not this machine/);
  assert.deepEqual(injected.expected, [{ metric: "pods_replaced", workload: "api", most: 1 }]);
});

test("pause-api stops the process until its time is over or it is undone", async () => {
  const listeners = process.listenerCount("exit");
  await inContainer(async (child, procFolder) => {
    // Long enough to be observed on a busy machine, where a signal may take effect late.
    await pause(target, { pauseSeconds: 2, procFolder });
    assert.ok(await becomes("stopped", child));
    assert.ok(await becomes("running", child));
    const injected = await pause(target, { pauseSeconds: 60, procFolder });
    assert.ok(await becomes("stopped", child));
    await injected.undo();
    await injected.undo();
    assert.ok(await becomes("running", child));
  });
  assert.equal(process.listenerCount("exit"), listeners);
});

test("pause-api is refused when the pod runs on another machine", async () => {
  await using stub = await cluster();
  const refused = broken(/api-a cannot be paused: its node far-away is not this machine/, /that node/);
  await assert.rejects(inject("pause-api", stub), refused);
  await assert.rejects(check("pause-api", stub), refused);
});

test("rollout annotates the pods, and undo reverts that and waits", async () => {
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
  const injected = await inject("rollout", stub);
  const [patch] = stub.requests;
  assert.deepEqual(
    [patch?.method, patch?.path, patch?.contentType],
    ["PATCH", `${deployment}?fieldManager=breakwater-loadtest`, "application/strategic-merge-patch+json"],
  );
  const annotations = (text = "{}") => JSON.parse(text).spec.template.metadata.annotations;
  assert.deepEqual(annotations(patch?.body), {
    "breakwater/loadtest-rollout": new Date(injected.atMs).toISOString(),
  });
  assert.deepEqual(injected.expected, [{ metric: "pods_replaced", workload: "api", most: 2 }]);
  await injected.undo();
  assert.deepEqual(annotations(stub.requests[1]?.body), { "breakwater/loadtest-rollout": null });
  assert.equal(looks, 3);
});

test("rollout names the command to undo it when undo fails", async () => {
  let patches = 0;
  await using stub = await cluster(() => (++patches === 1 ? { status: 200 } : undefined));
  const injected = await inject("rollout", stub);
  await assert.rejects(
    injected.undo(),
    broken(/api was not rolled back/, /^roll it back: kubectl -n ns rollout undo deployment\/api$/),
  );
});

test("oom-api makes one pod allocate twice its limit and waits for the kill", async () => {
  let looks = 0;
  await using stub = await cluster(({ method }) =>
    method === "POST" ? { status: 502 } : { status: 200, body: pod("api-a", { restartCount: looks++ }) },
  );
  const injected = await inject("oom-api", stub);
  assert.equal(stub.requests[1]?.path, `${pods}/api-a:3000/proxy/lab/allocate?mib=400`);
  assert.equal(looks, 2);
  assert.equal(injected.pod, "api-a");
});

test("oom-api names the command to open a closed lab, before a run and during it", async () => {
  await using stub = await cluster();
  const closed = broken(
    /fault lab of api-a is closed/,
    /pulumi config set --path api\.env\.FAULT_LAB 1 && pulumi up/,
  );
  await assert.rejects(inject("oom-api", stub), closed);
  await assert.rejects(check("oom-api", stub), closed);
});

test("oom-api checks an open lab without an allocation", async () => {
  await using stub = await cluster(() => ({ status: 400 }));
  await check("oom-api", stub);
  assert.equal(stub.requests.at(-1)?.path, `${pods}/api-a:3000/proxy/lab/allocate`);
});

test("kill-redis-primary chooses a primary with a replica", async () => {
  const commands: string[][] = [];
  await using stub = await cluster(
    () => ({ status: 200 }),
    (path, command) => {
      commands.push(command);
      return { output: path === `${pods}/redis-1/exec` ? "master\n7\n10.0.0.1\n6379\n7\n" : "master\n7\n\n" };
    },
  );
  const injected = await inject("kill-redis-primary", stub);
  assert.equal(injected.pod, "redis-1");
  assert.deepEqual(commands[0], ["redis-cli", "-h", "127.0.0.1", "--user", "pod", "role"]);
  assert.equal(stub.requests.at(-1)?.path, `${pods}/redis-1`);
});

test("kill-redis-primary reports the errors of the pods when it finds no primary", async () => {
  await using failing = await cluster(undefined, () => ({ error: "Could not connect" }));
  await assert.rejects(
    check("kill-redis-primary", failing),
    broken(
      /no Redis pod says that it is a primary; redis-cli in redis-0\/redis: Could not connect/,
      /pods\/exec/,
    ),
  );
  await using closing = await cluster();
  await assert.rejects(
    check("kill-redis-primary", closing),
    broken(/the connection closed before it ended/, /pods\/exec/),
  );
});

test("injectFault names the missing permission when the user has none", async () => {
  await using stub = await cluster(() => ({ status: 403, body: { message: "forbidden" } }));
  await assert.rejects(
    inject("kill-api", stub),
    broken(/kill-api could not be injected: HTTP 403: forbidden/, /needs to delete pods in ns/),
  );
  await assert.rejects(inject("kill-nginx", stub), broken(/no workload of role nginx/, /--help/));
});
