import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setRolePassword } from "../app/src/runtime/database/role-password.ts";
import { freePort } from "../app/testing/free-port.ts";
import { postgresUser } from "../app/testing/postgres.ts";
import { databaseInit } from "../k8s/programs.ts";

const [version] = readdirSync("/usr/lib/postgresql").sort((a, b) => Number(b) - Number(a));
const PATH = `/usr/lib/postgresql/${version}/bin:${process.env.PATH}`;

/** The pod of the database with its volume and Secrets as folders. */
async function openPod(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "database-pod-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const user = postgresUser();
  const path = (name: string) => join(folder, name);
  for (const name of ["", "data", "secret", "secret-in-use"]) {
    mkdirSync(path(name), { recursive: true });
    if (user.uid !== undefined && user.gid !== undefined) chownSync(path(name), user.uid, user.gid);
  }
  const port = await freePort();
  const url = (password: string) => `postgres://breakwater:${password}@127.0.0.1:${port}/breakwater`;
  const options = { ...user, cwd: folder, env: { PATH, LC_ALL: "C.UTF-8" }, stdio: "ignore" as const };
  return {
    /** What the Secrets have: the password of the state, and the one in use. */
    set(wanted: string, inUse?: string) {
      writeFileSync(path("secret/password"), wanted);
      writeFileSync(path("secret/id"), `id-of-${wanted}`);
      writeFileSync(path("secret-in-use/database"), inUse ?? "");
      writeFileSync(path("secret-in-use/database-id"), inUse === undefined ? "" : `id-of-${inUse}`);
    },
    url,
    /** Starts the pod, finds the role's password, does some work, and ends the server with a signal. */
    async start(
      passwords: string[],
      signal: "SIGTERM" | "SIGKILL",
      work = async () => {},
    ): Promise<string[]> {
      const script = databaseInit
        .replaceAll("/secret-in-use/", `${path("secret-in-use")}/`)
        .replaceAll("/secret/", `${path("secret")}/`)
        .replaceAll("/data/", `${path("data")}/`);
      execFileSync("sh", ["-euc", script], options);
      const data = readFileSync(path("data/current"), "utf8").trim();
      const server = spawn("postgres", ["-D", data, "-p", String(port), "-k", folder], options);
      const ended = once(server, "exit");
      try {
        const found: string[] = [];
        for (const password of passwords) if (await isAccepted(url(password))) found.push(password);
        await work();
        return found;
      } finally {
        server.kill(signal);
        await ended;
      }
    },
  };
}

async function isAccepted(url: string): Promise<boolean> {
  for (const end = Date.now() + 30_000; ; await sleep(100)) {
    try {
      // It changes nothing, because no other password is given.
      await setRolePassword({ url, otherPassword: undefined });
      return true;
    } catch (error) {
      if ((error as Error).name === "RolePasswordUnknown") return false;
      if (Date.now() > end) throw error;
    }
  }
}

test("databaseInit keeps the password in use during a rotation, and sets it when the volume has another one", async (t) => {
  const { set, url, start } = await openPod(t);
  const all = ["first", "second", "third"];
  set("first");
  assert.deepEqual(await start(all, "SIGTERM"), ["first"]);
  // A rotation: the Secret in use is the last to change.
  set("second", "first");
  const rotate = async () => void (await setRolePassword({ url: url("second"), otherPassword: "first" }));
  assert.deepEqual(await start(all, "SIGKILL", rotate), ["first"]);
  assert.deepEqual(await start(all, "SIGKILL"), ["second"], "a restart before the Secret changes");
  set("second", "second");
  assert.deepEqual(await start(all, "SIGTERM"), ["second"]);
  // The state has a new password, and the Secret in use is missing: a new namespace with the old volume.
  set("third");
  assert.deepEqual(await start(all, "SIGKILL"), ["third"]);
  assert.deepEqual(await start(all, "SIGTERM"), ["third"]);
});
