import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type ClusterApi, podPath } from "../../host/cluster-api.ts";
import { pollUntil } from "../../host/poll.ts";
import { findProcesses } from "../../host/process-table.ts";
import { runCommand, tryCommand } from "../../host/run-command.ts";
import { dataDir, dataPaths } from "../paths.ts";
import { ensureTools, type Tools } from "../toolchain/toolchain.ts";
import { containerProcesses } from "./cgroups.ts";
import { clusterDown, clusterStatus, clusterUp } from "./cluster.ts";
import { ensureDockerEngine } from "./docker-engine.ts";
import { connectKubeApi, findObject } from "./kube-api.ts";
import { places, runDir } from "./layout.ts";
import { daemonState } from "./process-supervisor.ts";
import { ensureRegistry } from "./registry.ts";
import { mountsUnder } from "./storage.ts";

// Tests of the embedded cluster itself. They leave it running.
const namespace = "cluster-test";
const nodeImage = "localhost:5000/breakwater/node:24";
let tools: Tools;
let api: ClusterApi;

before(async () => {
  tools = await ensureTools();
  await bringUp();
  api = await connectKubeApi();
  await api.apply(`/api/v1/namespaces/${namespace}`, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });
});

after(async () => {
  await kubectl("delete", "namespace", namespace, "--wait=true");
  api.close();
});

async function bringUp(): Promise<void> {
  await ensureDockerEngine();
  await ensureRegistry();
  await clusterUp(tools);
}

const kubectl = (...args: string[]) =>
  runCommand(tools.path("kubectl"), [`--kubeconfig=${dataPaths.kubeconfig}`, ...args]);

interface PodStatus {
  phase?: string;
  containerStatuses?: {
    ready: boolean;
    restartCount: number;
    lastState: { terminated?: { reason: string; exitCode: number } };
  }[];
}

async function podStatus(name: string): Promise<PodStatus> {
  const pod = await findObject<{ status: PodStatus }>(api, podPath(namespace, name));
  return pod?.status ?? {};
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  await pollUntil({ what: String(holds), timeoutMs: 60_000, fix: "see npm run logs" }, holds);
}

function pod(name: string, program: string, more: { volume?: string; restartPolicy?: string } = {}) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: {
      restartPolicy: more.restartPolicy ?? "Always",
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsUser: 10001, runAsGroup: 10001, runAsNonRoot: true },
      containers: [
        {
          name: "main",
          image: nodeImage,
          command: ["node", "-e", program],
          resources: { limits: { memory: "96Mi" }, requests: { memory: "32Mi", cpu: "10m" } },
          volumeMounts: more.volume === undefined ? [] : [{ name: "data", mountPath: "/data" }],
        },
      ],
      volumes:
        more.volume === undefined
          ? []
          : [{ name: "data", persistentVolumeClaim: { claimName: more.volume } }],
    },
  };
}

const applyPod = (object: ReturnType<typeof pod>) =>
  api.apply(`/api/v1/namespaces/${namespace}/pods/${object.metadata.name}`, object);

// The set and the rules of other programs; the chain is named like those of another cluster's kube-router.
const foreignSet = "KUBE-SRC-FOREIGN";
const foreignChain = "KUBE-POD-FW-FOREIGN";
const foreignRules = [
  ["OUTPUT", "-d", "198.51.100.7/32", "-j", foreignChain],
  [foreignChain, "-m", "set", "--match-set", foreignSet, "src", "-j", "RETURN"],
];

async function addForeignRules(): Promise<void> {
  await runCommand("ipset", ["create", foreignSet, "hash:ip"]);
  await runCommand("ipset", ["add", foreignSet, "198.51.100.9"]);
  await runCommand("iptables", ["-w", "-N", foreignChain]);
  for (const rule of foreignRules) await runCommand("iptables", ["-w", "-A", ...rule]);
}

async function requireForeignRules(): Promise<void> {
  for (const rule of foreignRules) await runCommand("iptables", ["-w", "-C", ...rule]);
  assert.match(await runCommand("ipset", ["list", foreignSet]), /198\.51\.100\.9/);
}

async function removeForeignRules(): Promise<void> {
  for (const rule of foreignRules) await tryCommand("iptables", ["-w", "-D", ...rule]);
  await tryCommand("iptables", ["-w", "-X", foreignChain]);
  await tryCommand("ipset", ["destroy", foreignSet]);
}

test("every component runs, and only root can read the data folder and the kubeconfig", async () => {
  const down = (await clusterStatus()).filter((component) => !component.running);
  assert.deepEqual(down, []);
  assert.equal((await stat(dataDir)).mode & 0o777, 0o700);
  assert.equal((await stat(dataPaths.kubeconfig)).mode & 0o777, 0o600);
});

test("clusterStatus reports a killed daemon, and clusterUp starts it again and leaves the others alone", async () => {
  const before = await daemonState("coredns");
  const apiServer = await daemonState("kube-apiserver");
  assert.ok(before.pid);
  process.kill(before.pid, "SIGKILL");
  await until(async () => (await daemonState("coredns")).state === "dead");
  const down = (await clusterStatus()).filter((component) => !component.running).map(({ name }) => name);
  assert.deepEqual(down, ["coredns", "cluster DNS"]);
  await clusterUp(tools);
  assert.notEqual((await daemonState("coredns")).pid, before.pid);
  assert.deepEqual(await daemonState("kube-apiserver"), apiServer);
  assert.deepEqual(
    (await clusterStatus()).filter((component) => !component.running),
    [],
  );
});

test("the cluster's processes share CPU time as one group, beside the pods", async () => {
  for (const { name } of await clusterStatus()) {
    const { pid } = await daemonState(name);
    if (pid !== undefined)
      assert.match(await readFile(`/proc/${pid}/cgroup`, "utf8"), /:\/breakwater-system$/m, name);
  }
});

test("the kubelet rotates the logs of containers by their size while they run", async () => {
  const { kubeletconfig } = await api.getJson<{ kubeletconfig: Record<string, unknown> }>(
    "/api/v1/nodes/breakwater/proxy/configz",
  );
  const { containerLogMaxSize, containerLogMaxFiles } = kubeletconfig;
  assert.deepEqual([containerLogMaxSize, containerLogMaxFiles], ["10Mi", 5]);
});

test("clusterUp does not change the kubeconfig of another cluster in the environment", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kubeconfig-"));
  const other = join(folder, "config");
  await writeFile(other, "apiVersion: v1\nkind: Config\n");
  process.env.KUBECONFIG = other;
  try {
    await clusterUp(tools);
    assert.equal(await readFile(other, "utf8"), "apiVersion: v1\nkind: Config\n");
  } finally {
    delete process.env.KUBECONFIG;
    await rm(folder, { recursive: true });
  }
});

test("no address of the pod and service ranges is routed off the machine", async () => {
  for (const address of ["10.42.0.77", "10.42.200.1", "10.43.0.77", "10.43.255.1"]) {
    const { exitCode, stdout } = await tryCommand("ip", ["route", "get", address]);
    assert.ok(exitCode !== 0 || stdout.includes("dev breakwater0"), `${address}: ${stdout}`);
  }
  await runCommand("ip", ["link", "set", "breakwater0", "down"]);
  try {
    const { exitCode, stdout } = await tryCommand("ip", ["route", "get", "10.43.0.77"]);
    assert.notEqual(exitCode, 0, stdout);
  } finally {
    await clusterUp(tools);
  }
});

test("a pod resolves Services by name and cannot reach other machines", async () => {
  const program = `
    const connect = (host, port) => new Promise((done) => {
      const socket = require("net").connect({ host, port, timeout: 5000 });
      const end = (word) => { done(word); socket.destroy(); };
      socket.on("connect", () => end("connected")).on("timeout", () => end("silence")).on("error", () => end("refused"));
    });
    (async () => {
      const inside = await connect("kubernetes.default.svc.cluster.local", 443);
      const outside = await connect("198.51.100.1", 443);
      process.exit(inside === "connected" && outside === "refused" ? 0 : 1);
    })()`;
  await applyPod(pod("network", program, { restartPolicy: "Never" }));
  await until(async () => ["Succeeded", "Failed"].includes((await podStatus("network")).phase ?? ""));
  assert.equal((await podStatus("network")).phase, "Succeeded");
});

test("a container over its memory limit is killed and reported as OOMKilled", async () => {
  await applyPod(pod("greedy", "const kept = []; for (;;) kept.push(Buffer.alloc(16 << 20, 1))"));
  await until(async () => ((await podStatus("greedy")).containerStatuses?.[0]?.restartCount ?? 0) > 0);
  const ended = (await podStatus("greedy")).containerStatuses?.[0]?.lastState.terminated;
  assert.deepEqual(
    { reason: ended?.reason, exitCode: ended?.exitCode },
    { reason: "OOMKilled", exitCode: 137 },
  );
});

test("clusterDown leaves no process, mount or route; clusterUp finds the same objects and volumes", async () => {
  await api.apply(`/api/v1/namespaces/${namespace}/persistentvolumeclaims/data`, {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data", namespace },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
  });
  const count = `require("fs").appendFileSync("/data/starts", "x"); setInterval(() => {}, 1000)`;
  await applyPod(pod("counter", count, { volume: "data" }));
  await until(async () => (await podStatus("counter")).containerStatuses?.[0]?.ready === true);
  await kubectl("delete", "pod", "greedy", "--namespace", namespace, "--now");

  await addForeignRules();
  await clusterDown();
  try {
    await requireForeignRules();
    assert.deepEqual(await containerProcesses(), []);
    const folders = [places.config, places.certificates, runDir];
    const ours = (args: string[]) => args.some((arg) => folders.some((folder) => arg.includes(folder)));
    assert.deepEqual(await findProcesses(ours), []);
    assert.deepEqual([...(await mountsUnder(dataDir)), ...(await mountsUnder(runDir))], []);
    assert.equal(existsSync("/tmp/hostpath_pv"), false);
    assert.equal(existsSync(runDir), false);
    assert.doesNotMatch(
      await runCommand("iptables-save", []),
      /KUBE-(?!(POD-FW|SRC)-FOREIGN)|BW-|breakwater/,
    );
    assert.doesNotMatch(await runCommand("ipset", ["list", "-name"]), /BW-/);
    assert.doesNotMatch(await runCommand("ip", ["route"]), /10\.4[23]\./);
    assert.notEqual((await tryCommand("ip", ["link", "show", "breakwater0"])).exitCode, 0);
    assert.ok((await clusterStatus()).every(({ name, running }) => !running || name === "dockerd"));
  } finally {
    await removeForeignRules();
    await bringUp();
  }
  await until(async () => (await podStatus("counter")).containerStatuses?.[0]?.restartCount === 1);
  await until(async () => (await podStatus("counter")).containerStatuses?.[0]?.ready === true);
  const read = `process.stdout.write(require("fs").readFileSync("/data/starts"))`;
  const starts = await kubectl("exec", "counter", "--namespace", namespace, "--", "node", "-e", read);
  assert.equal(starts, "xx");
});
