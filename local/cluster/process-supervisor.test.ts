import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { pollUntil } from "../../host/poll.ts";

const home = await mkdtemp(join(tmpdir(), "supervisor-test-"));
process.env.BREAKWATER_HOME = home;
const { ensureDaemon, knownDaemons, logFile, logTail, daemonState, stopDaemon } = await import(
  "./process-supervisor.ts"
);
await mkdir(join(home, "log"));
after(() => rm(home, { recursive: true }));

const config = join(home, "sleeper.conf");
await writeFile(config, "first");
const sleeper = { name: "sleeper", command: "sleep", args: ["300"], configFiles: [config] };

afterEach(() => stopDaemon("sleeper"));

/** An empty text counts as not yet. */
const until = <T>(attempt: () => Promise<T | undefined | false>): Promise<T> =>
  pollUntil({ what: String(attempt), fix: "", intervalMs: 5, timeoutMs: 10_000 }, async () => {
    const value = await attempt();
    return value === "" ? undefined : value;
  });

async function runningPid(): Promise<number> {
  const { state, pid } = await daemonState("sleeper");
  assert.equal(state, "running");
  assert.ok(pid);
  return pid;
}

test("ensureDaemon leaves a daemon alone that runs with the same configuration", async () => {
  assert.equal(await ensureDaemon(sleeper), true);
  const pid = await runningPid();
  assert.equal(await ensureDaemon(sleeper), false);
  assert.equal(await runningPid(), pid);
});

test("ensureDaemon restarts a daemon when its arguments or a configuration file change", async () => {
  await ensureDaemon(sleeper);
  const first = await runningPid();
  await ensureDaemon({ ...sleeper, args: ["301"] });
  const second = await runningPid();
  assert.notEqual(second, first);
  await writeFile(config, "second");
  await ensureDaemon({ ...sleeper, args: ["301"] });
  assert.notEqual(await runningPid(), second);
});

test("daemonState distinguishes an ended daemon from a stopped daemon, and ensureDaemon starts both again", async () => {
  assert.deepEqual(await daemonState("sleeper"), { state: "stopped" });
  await ensureDaemon(sleeper);
  const pid = await runningPid();
  process.kill(pid, "SIGKILL");
  await until(async () => (await daemonState("sleeper")).state !== "running");
  assert.deepEqual(await daemonState("sleeper"), { state: "dead", pid });
  assert.deepEqual(await knownDaemons(), ["sleeper"]);
  await ensureDaemon(sleeper);
  assert.notEqual(await runningPid(), pid);
  await stopDaemon("sleeper");
  assert.deepEqual(await daemonState("sleeper"), { state: "stopped" });
  assert.deepEqual(await knownDaemons(), []);
});

test("a daemon leads a session of its own and gets none of the caller's variables", async () => {
  process.env.KUBECONFIG = "/somewhere/else";
  await ensureDaemon({ ...sleeper, env: { GREETING: "hello" } });
  const pid = await runningPid();
  // The shell writes the pid file just before it becomes the daemon.
  await until(async () => (await readFile(`/proc/${pid}/comm`, "utf8")) === "sleep\n");
  // The kernel gives a process its name before it sets its environment.
  const text = await until(() => readFile(`/proc/${pid}/environ`, "utf8"));
  const environment = text.split("\0");
  assert.ok(environment.includes("GREETING=hello"));
  const names = environment.map((line) => line.split("=")[0]);
  for (const unwanted of ["KUBECONFIG", "PID_FILE", "FINGERPRINT", "UMASK"])
    assert.ok(!names.includes(unwanted), unwanted);
  const session = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ")[3];
  assert.equal(session, String(pid));
});

test("ensureDaemon sets the daemon's file mode mask, 0077 by default", async () => {
  const write = (file: string) => ({ command: "sh", args: ["-c", `: > ${home}/${file}; exec sleep 300`] });
  const modeOf = async (file: string): Promise<number> =>
    (await until(() => stat(join(home, file)).catch(() => undefined))).mode & 0o777;
  await ensureDaemon({ name: "sleeper", ...write("closed") });
  assert.equal(await modeOf("closed"), 0o600);
  await ensureDaemon({ name: "sleeper", umask: "0000", ...write("open") });
  assert.equal(await modeOf("open"), 0o666);
});

test("ensureDaemon writes both outputs of a daemon to its log", async () => {
  await ensureDaemon({
    name: "sleeper",
    command: "sh",
    args: ["-c", "echo one; echo two >&2; exec sleep 300"],
  });
  await until(async () => (await readFile(logFile("sleeper"), "utf8")).includes("two"));
  assert.equal(await logTail("sleeper", 1), "two");
});

test("ensureDaemon does not start a daemon whose port is in use", async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const listens = [{ address: "127.0.0.1", port: address.port }];
  await assert.rejects(ensureDaemon({ ...sleeper, listens }), /sleeper needs TCP port/);
  assert.deepEqual(await daemonState("sleeper"), { state: "stopped" });
});
