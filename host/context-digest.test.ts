import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { readContext } from "./build-context.ts";
import { contextDigest } from "./context-digest.ts";

async function folder(t: TestContext, files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "docker-context-"));
  t.after(() => rm(dir, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text, { mode: 0o644 });
  }
  return dir;
}

const names = async (dir: string, dockerfile = join(dir, "Dockerfile")): Promise<string[]> =>
  (await readContext(dir, dockerfile)).entries.map((entry) => entry.name);
const digest = async (dir: string): Promise<string> =>
  contextDigest(await readContext(dir, join(dir, "Dockerfile")));

test("contextDigest is the same for the same files in another folder and at another time", async (t) => {
  const files = { Dockerfile: "FROM scratch", "src/a.js": "1" };
  const [one, two] = [await folder(t, files), await folder(t, files)];
  await utimes(join(two, "src/a.js"), 1, 1);
  assert.equal(await digest(one), await digest(two));
});

test("contextDigest changes with a byte, mode, name or link target", async (t) => {
  const dir = await folder(t, { Dockerfile: "FROM scratch", a: "1" });
  await symlink("a", join(dir, "link"));
  const seen = new Set([await digest(dir)]);
  const see = async (): Promise<void> => {
    const next = await digest(dir);
    assert.ok(!seen.has(next));
    seen.add(next);
  };
  await writeFile(join(dir, "a"), "2");
  await see();
  await chmod(join(dir, "a"), 0o755);
  await see();
  await mkdir(join(dir, "empty"));
  await see();
  await rm(join(dir, "link"));
  await symlink("b", join(dir, "link"));
  await see();
});

test("contextDigest changes when bytes move from one file to the next", async (t) => {
  const one = await folder(t, { Dockerfile: "", a: "xy", b: "z" });
  const two = await folder(t, { Dockerfile: "", a: "x", b: "yz" });
  assert.notEqual(await digest(one), await digest(two));
});

test("readContext anchors .dockerignore at the context's root and supports exceptions", async (t) => {
  const dir = await folder(t, {
    ".dockerignore": "# comment\nnode_modules\n**/*.log\ndist\n!dist/server.js\nDockerfile\n",
    Dockerfile: "FROM scratch",
    "node_modules/x/index.js": "",
    "src/node_modules/kept.js": "",
    "src/a.log": "",
    "dist/server.js": "",
    "dist/server.js.map": "",
  });
  assert.deepEqual(await names(dir), [
    ".dockerignore",
    "Dockerfile",
    "dist",
    "dist/server.js",
    "src",
    "src/node_modules",
    "src/node_modules/kept.js",
  ]);
});

test("readContext prefers <dockerfile>.dockerignore to .dockerignore", async (t) => {
  const dir = await folder(t, {
    ".dockerignore": "*",
    Dockerfile: "FROM scratch",
    "Dockerfile.dockerignore": "secret",
    secret: "",
    kept: "",
  });
  assert.ok((await names(dir)).includes("kept"));
  assert.ok(!(await names(dir)).includes("secret"));
});

test("readContext includes a Dockerfile outside of the context under a name of its own", async (t) => {
  const dir = await folder(t, { "context/a": "", "other/Dockerfile": "FROM scratch" });
  const context = await readContext(join(dir, "context"), join(dir, "other/Dockerfile"));
  assert.equal(context.dockerfileName, ".dockerfile.outside-context");
  assert.deepEqual(
    context.entries.map((entry) => entry.name),
    [".dockerfile.outside-context", "a"],
  );
});

test("readContext refuses a FIFO and names its path", async (t) => {
  const dir = await folder(t, { Dockerfile: "" });
  execFileSync("mkfifo", [join(dir, "pipe")]);
  await assert.rejects(names(dir), /pipe is not a file, directory or link/);
});

test("readContext names the path of a missing context", async () => {
  await assert.rejects(
    names("/nonexistent/context"),
    /could not open the build context \/nonexistent\/context/,
  );
});

test("contextDigest and the modes in the image are the same for a checkout of any umask", async (t) => {
  const modes = async (umask: number): Promise<[string, number[]]> => {
    const dir = await folder(t, { Dockerfile: "FROM scratch", "src/a.js": "1", "src/run.sh": "#!/bin/sh" });
    const set = (name: string, mode: number) => chmod(join(dir, name), mode & ~umask);
    await set("Dockerfile", 0o666);
    await set("src/a.js", 0o666);
    await set("src/run.sh", 0o777);
    await set("src", 0o777);
    const { entries } = await readContext(dir, join(dir, "Dockerfile"));
    return [await digest(dir), entries.map(({ mode }) => mode)];
  };
  const usual = await modes(0o022);
  assert.deepEqual(usual[1], [0o644, 0o755, 0o644, 0o755]);
  for (const umask of [0o077, 0o002, 0o027]) assert.deepEqual(await modes(umask), usual, umask.toString(8));
});

test("readContext keeps the mode of a folder that every user may write to", async (t) => {
  const dir = await folder(t, { Dockerfile: "FROM scratch", "tmp/.keep": "" });
  await chmod(join(dir, "tmp"), 0o1777);
  const { entries } = await readContext(dir, join(dir, "Dockerfile"));
  assert.equal(entries.find(({ name }) => name === "tmp")?.mode, 0o1777);
});
