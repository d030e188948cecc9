import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { KeptConnections } from "../../../testing/kept-connections.ts";
import { internalToken, type LogLine, type Program, startProgram } from "../../../testing/program.ts";
import { isAlive } from "../process/is-alive.ts";

const isReady = (line: LogLine) => line.msg === "worker ready";

/** A pod of two ready workers, with long time limits for a busy machine. */
async function startPod(t: TestContext, env: Record<string, string> = {}): Promise<Program> {
  const pod = await startProgram(t, {
    WORKERS: "2",
    WORKER_MIN_UPTIME_MS: "500",
    WORKER_LISTEN_TIMEOUT_MS: "60000",
    SHED_EVENT_LOOP_DELAY_MS: "0",
    ...env,
  });
  for (const worker of [1, 2]) await pod.logged((line) => isReady(line) && line.worker === worker);
  return pod;
}

async function request(pod: Program, path: string, method = "GET") {
  const response = await fetch(`http://127.0.0.1:${pod.internalPort}${path}`, {
    method,
    headers: { authorization: `Bearer ${internalToken}` },
  });
  return { status: response.status, text: await response.text() };
}

/** Number of GET /light with status 200, summed over the workers. */
async function lightCount(pod: Program): Promise<number> {
  const { text } = await request(pod, "/metrics");
  const line = /^http_requests_total\{method="GET",route="\/light",status="200"\} (\d+)$/m.exec(text);
  return Number(line?.[1] ?? 0);
}

const pidOf = async (pod: Program, worker: number, from = 0) => {
  const { pid } = await pod.logged((line) => isReady(line) && line.worker === worker, from);
  assert.ok(pid);
  return pid;
};

test("supervisor serves the internal port for both workers", async (t) => {
  const pod = await startPod(t);
  assert.equal((await request(pod, "/livez")).status, 200);
  const ready = await request(pod, "/readyz");
  assert.equal(ready.status, 503);
  assert.match(ready.text, /the database has not answered yet/);
  for (let request = 0; request < 40; request++)
    await (await fetch(`http://127.0.0.1:${pod.port}/light`, { headers: { connection: "close" } })).text();
  assert.equal(await lightCount(pod), 40);
  const stats = JSON.parse((await request(pod, "/internal/stats")).text);
  assert.equal(stats.workers, 2);
  assert.equal(stats.requests.count, 40);
  const memory = JSON.parse((await request(pod, "/internal/memory")).text);
  assert.deepEqual(
    memory.workers.map(({ number }: { number: number }) => number),
    [1, 2],
  );
  assert.ok(memory.rssBytes > memory.supervisorRssBytes);
  assert.equal((await request(pod, "/internal/heap-snapshot?worker=3", "POST")).status, 404);
});

test("supervisor replaces a worker killed by SIGKILL, and only its requests in flight are lost", async (t) => {
  const pod = await startPod(t, { WORKER_RESTART_DELAY_MS: "300" });
  const connections = 8;
  const load = new KeptConnections(pod.port, "/light", connections);
  await sleep(1000);
  const from = pod.log.length;
  process.kill(await pidOf(pod, 1), "SIGKILL");
  const pid = await pidOf(pod, 1, from);
  assert.notEqual(pid, await pidOf(pod, 1));
  const lostBefore = load.outcome.lost.length;
  await sleep(500);
  const { answered, lost } = await load.stop();
  t.diagnostic(`${answered} answered, lost: ${lost.length}`);
  assert.ok(lost.length <= connections, lost.join("\n"));
  assert.equal(lost.length, lostBefore, "nothing is lost later");
  assert.ok(answered > 100);
  const ended = pod.log.find(({ msg }) => msg === "worker ended");
  assert.deepEqual([ended?.worker, ended?.how], [1, "signal SIGKILL"]);
  // Counters of the killed worker are kept, except for its last seconds.
  assert.ok((await lightCount(pod)) <= answered);
});

test("supervisor ends the pod and logs the reason last when a worker cannot start", async (t) => {
  const taken = createServer().listen(0, "0.0.0.0");
  await once(taken, "listening");
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const pod = await startProgram(t, {
    PORT: String(port),
    WORKERS: "2",
    WORKER_MAX_RESTARTS: "1",
    WORKER_RESTART_DELAY_MS: "100",
    WORKER_LISTEN_TIMEOUT_MS: "60000",
  });
  assert.equal(await pod.ended, 1);
  const last = pod.log.at(-1);
  assert.equal(last?.level, "fatal", JSON.stringify(pod.log.slice(-4), null, 1));
  assert.match(
    last?.msg ?? "",
    /^the pod ends: worker \d ended too soon, 2 times in a row: exit code 1: .*EADDRINUSE/,
  );
});

test("supervisor loses no request and leaves no process when SIGTERM comes under load", async (t) => {
  const pod = await startPod(t, { SHUTDOWN_DELAY_MS: "1000" });
  const load = new KeptConnections(pod.port, "/light", 8);
  await sleep(500);
  pod.process.kill("SIGTERM");
  await sleep(200);
  assert.match((await request(pod, "/readyz")).text, /shutting down/);
  const { answered, lost } = await load.ended();
  assert.deepEqual(lost, []);
  assert.ok(answered > 100);
  assert.equal(await pod.ended, 0);
  for (const worker of [1, 2]) assert.ok(!isAlive(await pidOf(pod, worker)));
});

test("supervisor loses no request when it replaces a worker at its memory ceiling", async (t) => {
  const pod = await startPod(t, {
    FAULT_LAB: "1",
    SHUTDOWN_DELAY_MS: "500",
    WORKER_MAX_MEMORY_BYTES: String(400 * 1024 ** 2),
  });
  const load = new KeptConnections(pod.port, "/light", 8);
  const from = pod.log.length;
  await fetch(`http://127.0.0.1:${pod.port}/lab/allocate?mib=400`, { method: "POST" });
  const left = await pod.logged(({ msg }) => msg === "worker ended", from);
  const { lost } = await load.stop();
  assert.deepEqual(lost, []);
  const events = pod.log
    .slice(from)
    .filter(({ msg, pid }) => pid !== undefined && msg !== "worker is killed");
  assert.deepEqual(
    events.map(({ msg, worker }) => `${msg} ${worker === left.worker}`),
    ["worker starts true", "worker ready true", "worker is asked to leave true", "worker ended true"],
  );
  assert.equal(left.how, "exit code 0");
  assert.match(events[0]?.why ?? "", /has \d+ of at most 400 MiB/);
});

test("workers exit when their supervisor is killed", async (t) => {
  const pod = await startPod(t);
  const pids = [await pidOf(pod, 1), await pidOf(pod, 2)];
  pod.process.kill("SIGKILL");
  await pod.ended;
  for (let tries = 0; tries < 50 && pids.some(isAlive); tries++) await sleep(100);
  assert.deepEqual(pids.map(isAlive), [false, false]);
});

test("API runs without a supervisor when there is one worker", async (t) => {
  const pod = await startProgram(t);
  await pod.logged(({ msg }) => msg === "started");
  assert.equal((await request(pod, "/livez")).status, 200);
  assert.ok(!pod.log.some(({ msg }) => msg === "supervising"));
  pod.process.kill("SIGTERM");
  assert.equal(await pod.ended, 0);
});
