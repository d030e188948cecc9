import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type ClusterApi, podPath, servicePath } from "../../host/cluster-api.ts";
import { pollUntil } from "../../host/poll.ts";
import { runCommand, tryCommand } from "../../host/run-command.ts";
import { dataPaths } from "../paths.ts";
import { ensureTools, type Tools } from "../toolchain/toolchain.ts";
import { clusterStatus, clusterUp } from "./cluster.ts";
import { connectKubeApi, findObject } from "./kube-api.ts";
import { componentKubeconfig } from "./layout.ts";
import { jumpsToPolicies, policyRulesPresent } from "./policy-rules.ts";
import { daemonState, stopDaemon } from "./process-supervisor.ts";

// Tests of NetworkPolicies in the embedded cluster. They leave it running.
const namespace = "policy-test";
const nodeImage = "localhost:5000/breakwater/node:24";
const policiesPath = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
const daemon = "network-policy";
/** Longest time from a change of a policy to its effect. */
const effectMs = 2_000;
const foreignSet = "policy-test-foreign";
const foreignRule = [
  "OUTPUT",
  "-d",
  "198.51.100.7",
  "-m",
  "set",
  "--match-set",
  foreignSet,
  "src",
  "-j",
  "RETURN",
];

let tools: Tools;
let api: ClusterApi;
let nodePort: number;

before(async () => {
  tools = await ensureTools();
  await clusterUp(tools);
  api = await connectKubeApi();
  await api.apply(`/api/v1/namespaces/${namespace}`, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });
  await applyPod("server", `require("http").createServer((_, to) => to.end("ok")).listen(8080)`, {
    httpGet: { path: "/", port: 8080 },
    periodSeconds: 1,
    timeoutSeconds: 5,
  });
  await api.apply(servicePath(namespace, "server"), {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "server", namespace },
    spec: { type: "NodePort", selector: { app: "server" }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  const service = await api.getJson<{ spec: { ports: { nodePort: number }[] } }>(
    servicePath(namespace, "server"),
  );
  nodePort = service.spec.ports[0]?.nodePort ?? 0;
  // A new connection every 50 ms. Each line has the attempt's start and outcome; a refusal may be a time-out.
  await applyPod(
    "client",
    `setInterval(() => { const start = Date.now(); require("http").get({ host: "server", agent: false, timeout: 300 }, (from) => { from.resume(); console.log(start, "answered"); })
      .on("timeout", function () { this.destroy(); }).on("error", () => console.log(start, "refused")); }, 50);`,
  );
  await outcomeAfter(0, "answered", 120_000);
  await runCommand("ipset", ["create", foreignSet, "hash:ip", "-exist"]);
  await runCommand("iptables", ["-w", "-I", ...foreignRule]);
});

after(async () => {
  await tryCommand("iptables", ["-w", "-D", ...foreignRule]);
  await tryCommand("ipset", ["destroy", foreignSet]);
  await api.delete(`/api/v1/namespaces/${namespace}`);
  api.close();
});

const kubectl = (...args: string[]) =>
  runCommand(tools.path("kubectl"), [`--kubeconfig=${dataPaths.kubeconfig}`, "-n", namespace, ...args]);

async function applyPod(name: string, program: string, readinessProbe?: object): Promise<void> {
  await api.apply(podPath(namespace, name), {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: { app: name } } as { name: string },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: "main", image: nodeImage, command: ["node", "-e", program], readinessProbe }],
    },
  });
}

/** Applies a policy for all pods of the namespace. @returns when it was applied, in milliseconds since 1970 */
async function applyPolicy(name: string, spec: object): Promise<number> {
  await api.apply(`${policiesPath}/${name}`, {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace },
    spec,
  });
  return Date.now();
}

interface Attempt {
  startMs: number;
  outcome: string;
}

/** The client's attempts of the last seconds that started at or after a time. */
async function attemptsAfter(sinceMs: number): Promise<Attempt[]> {
  const lines = (await kubectl("logs", "client", "--tail=3000")).trim().split("\n");
  return lines
    .map((line) => line.split(" "))
    .map(([start, outcome]) => ({ startMs: Number(start), outcome: outcome ?? "" }))
    .filter(({ startMs }) => startMs >= sinceMs)
    .sort((a, b) => a.startMs - b.startMs);
}

/** Waits for the client's first attempt after a time that has an outcome. @returns when it started */
async function outcomeAfter(sinceMs: number, outcome: string, timeoutMs = 10_000): Promise<number> {
  return pollUntil(
    { what: `the client to be ${outcome}`, fix: "npm run logs", timeoutMs, retryAfter: () => true },
    async () => (await attemptsAfter(sinceMs)).find((attempt) => attempt.outcome === outcome)?.startMs,
  );
}

/** Checks that the client was never answered since a time, and has tried. */
async function requireRefusedSince(sinceMs: number): Promise<void> {
  await outcomeAfter(Date.now(), "refused");
  const outcomes = (await attemptsAfter(sinceMs)).map(({ outcome }) => outcome);
  assert.deepEqual(new Set(outcomes), new Set(["refused"]));
}

const denyAll = (): Promise<number> =>
  applyPolicy("default-deny", { podSelector: {}, policyTypes: ["Ingress"] });
const allowClient = (): Promise<number> =>
  applyPolicy("allow-client", {
    podSelector: { matchLabels: { app: "server" } },
    ingress: [{ from: [{ podSelector: { matchLabels: { app: "client" } } }], ports: [{ port: 8080 }] }],
  });
const remove = (policy: string): Promise<void> => api.delete(`${policiesPath}/${policy}`);

/** Since when the server is ready, by the kubelet's probe. */
async function serverReadySince(): Promise<string | undefined> {
  const pod = await findObject<{
    status: { conditions: { type: string; status: string; lastTransitionTime: string }[] };
  }>(api, podPath(namespace, "server"));
  return pod?.status.conditions.find(({ type, status }) => type === "Ready" && status === "True")
    ?.lastTransitionTime;
}

test("a default-deny policy stops a pod within 2 s, and an allow rule lets it in again", async () => {
  const deniedMs = await denyAll();
  const stopped = (await outcomeAfter(deniedMs, "refused")) - deniedMs;
  const allowedMs = await allowClient();
  const answered = (await outcomeAfter(allowedMs, "answered")) - allowedMs;
  console.log(`denied after ${stopped} ms, allowed after ${answered} ms`);
  assert.ok(stopped <= effectMs && answered <= effectMs, `${stopped} ms, ${answered} ms`);
  await remove("allow-client");
  const removedMs = await outcomeAfter(Date.now(), "refused");
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await requireRefusedSince(removedMs);
});

test("the machine's own traffic passes policies: NodePorts answer, and the kubelet's probes succeed", async () => {
  const sinceMs = Date.now();
  const readySince = await serverReadySince();
  assert.ok(readySince);
  for (let second = 0; second < 3; second++) {
    assert.equal(await (await fetch(`http://127.0.0.1:${nodePort}/`)).text(), "ok");
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  assert.equal(await serverReadySince(), readySince);
  await requireRefusedSince(sinceMs);
});

test("policies are enforced while the daemon is dead, and clusterUp starts it again", async () => {
  const { pid } = await daemonState(daemon);
  assert.ok(pid);
  const killedMs = Date.now();
  process.kill(pid, "SIGKILL");
  await pollUntil(
    { what: "its end", fix: "see the test", timeoutMs: 10_000 },
    async () => (await daemonState(daemon)).state === "dead",
  );
  const down = (await clusterStatus()).filter(({ running }) => !running);
  assert.deepEqual(
    down.map(({ name }) => name),
    [daemon],
  );
  await clusterUp(tools);
  await requireRefusedSince(killedMs);
  const allowedMs = await allowClient();
  await outcomeAfter(allowedMs, "answered");
  await remove("allow-client");
});

test("clusterUp adds the daemon to a cluster of a version without it", async () => {
  await stopDaemon(daemon);
  await rm(componentKubeconfig(daemon));
  await clusterUp(tools);
  assert.deepEqual(
    (await clusterStatus()).filter(({ running }) => !running),
    [],
  );
});

test("a policy is enforced again after another program removed a rule and clusterUp ran", async () => {
  const rules = (await runCommand("iptables-save", ["-t", "filter"])).split("\n");
  const jump = rules.find((line) => jumpsToPolicies(line, "FORWARD")) ?? "";
  const input = `*filter\n${jump.replace("-A", "-D")}\nCOMMIT\n`;
  // A sync of the daemon, which has just been started, may write the rule again before its state is read.
  await pollUntil({ what: "a state without the rule", fix: "see the test", timeoutMs: 10_000 }, async () => {
    if (await policyRulesPresent()) await runCommand("iptables-restore", ["-w", "--noflush"], { input });
    const status = (await clusterStatus()).find(({ name }) => name === daemon);
    return /the kernel lacks its rules/.test(status?.detail ?? "");
  });
  await clusterUp(tools);
  assert.equal(await policyRulesPresent(), true);
  await requireRefusedSince(Date.now());
});

test("sets and rules of other programs stay as they are", async () => {
  await runCommand("ipset", ["add", foreignSet, "198.51.100.9"]);
  const changedMs = await allowClient();
  await outcomeAfter(changedMs, "answered");
  await remove("allow-client");
  await outcomeAfter(Date.now(), "refused");
  assert.match(await runCommand("ipset", ["list", foreignSet]), /198\.51\.100\.9/);
  await runCommand("iptables", ["-w", "-C", ...foreignRule]);
});

test("without ipset, up and status report once that policies are not enforced, and the rest works", async () => {
  const ipset = (await runCommand("/bin/sh", ["-c", "command -v ipset"])).trim();
  const withoutIpset = (script: string) =>
    tryCommand("unshare", [
      "--mount",
      "/bin/sh",
      "-c",
      `mount --bind /dev/null ${ipset} && ${script}`,
      process.execPath,
    ]);
  const [cluster, toolchain] = ["cluster.ts", "../toolchain/toolchain.ts"].map((file) =>
    join(import.meta.dirname, file),
  );
  const up = `import("${toolchain}").then(async ({ ensureTools }) => (await import("${cluster}")).clusterUp(await ensureTools()))`;
  const first = await withoutIpset(`exec "$0" --eval '${up}'`);
  assert.equal(first.exitCode, 0, first.stderr);
  assert.equal(
    first.stderr.match(/NetworkPolicies are not enforced: .*ipset is missing/g)?.length,
    1,
    first.stderr,
  );
  const statusScript = join(import.meta.dirname, "../../scripts/status.ts");
  const status = await withoutIpset(`exec "$0" ${statusScript}`);
  assert.equal(status.exitCode, 0, status.stdout);
  assert.equal(status.stdout.match(/not enforced/g)?.length, 1, status.stdout);
  await outcomeAfter(Date.now() - effectMs, "answered");
  const sinceMs = Date.now();
  await clusterUp(tools);
  await outcomeAfter(sinceMs, "refused");
  await remove("default-deny");
});
