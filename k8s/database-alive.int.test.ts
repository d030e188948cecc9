import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { databaseAlive } from "./programs.ts";

const [version = ""] = readdirSync("/usr/lib/postgresql").sort((a, b) => Number(b) - Number(a));
const programs = join("/usr/lib/postgresql", version, "bin");
const user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"];

let folder: string;
let server: ChildProcess;
let log = "";

/** Process id of the only child of a process. */
async function childOf(pid: number | undefined): Promise<number> {
  for (let tries = 0; tries < 200; tries++, await sleep(50)) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    if (children !== "") return Number(children.split(" ")[0]);
  }
  throw new Error(`no child of ${pid}`);
}

/** Waits until the server's log has a line. */
async function logged(line: RegExp): Promise<void> {
  for (let tries = 0; !line.test(log); tries++, await sleep(50))
    if (tries > 400) throw new Error(`no line ${line}: ${log}`);
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "alive-"));
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  chownSync(folder, id("-u"), id("-g"));
  const data = join(folder, "data");
  const [own = "", ...rights] = user;
  execFileSync(own, [...rights, join(programs, "initdb"), "--auth", "trust", "--no-sync", data], {
    cwd: folder,
  });
  // The server is the first process of its namespace, as in a container.
  const settings = ["-c", "listen_addresses=", "-c", `unix_socket_directories=${folder}`];
  server = spawn(
    "unshare",
    ["--pid", "--fork", "--kill-child", ...user, join(programs, "postgres"), "-D", data, ...settings],
    { cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
  );
  server.stderr?.on("data", (text) => {
    log += text;
  });
  await logged(/ready to accept connections/);
});
after(async () => {
  server.kill("SIGKILL");
  await once(server, "exit");
  rmSync(folder, { recursive: true });
});

/** Runs the check with a `pg_isready` that ends with a code after some time, in the server's namespace. */
function check(code: number, seconds: number): ChildProcess {
  const shim = `#!/bin/sh\nsleep ${seconds}\nexit ${code}\n`;
  writeFileSync(join(folder, "pg_isready"), shim, { mode: 0o755 });
  const command = ["sh", "-uc", databaseAlive, "database-alive", "5432"];
  return spawn("nsenter", ["--target", String(firstPid), "--pid", ...command], {
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
    stdio: "ignore",
  });
}

let firstPid: number;

test("databaseAlive succeeds with a server that accepts connections or recovers, and with no other", async () => {
  firstPid = await childOf(server.pid);
  for (const [code, expected] of [
    [0, 0],
    [1, 0],
    [2, 1],
    [3, 1],
  ] as const)
    assert.deepEqual((await once(check(code, 0), "exit"))[0], expected, `pg_isready ${code}`);
});

test("a check that is killed ends no session of the database", async () => {
  firstPid = await childOf(server.pid);
  const session = spawn("psql", ["-h", folder, "-U", "postgres", "-Atc", "select pg_sleep(4), 'kept'"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [session.stdout, session.stderr])
    stream.on("data", (text) => {
      said += text;
    });
  const checking = check(2, 1);
  const first = await childOf(checking.pid);
  await childOf(first);
  process.kill(first, "SIGKILL");
  await once(session, "exit");
  assert.match(said, /kept/, `${said}${log}`);
  assert.doesNotMatch(log, /terminating any other active server processes/);
});
