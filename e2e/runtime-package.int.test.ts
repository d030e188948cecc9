import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { $ } from "zx";
import { RedisServer } from "../app/testing/redis-server.ts";
import { projectRoot } from "../scripts/stack.ts";

let folder: string;
let packed: { filename: string; files: { path: string }[] };
let redis: RedisServer;
let server: ChildProcess;
let port: number;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "runtime-package-"));
  const app = join(projectRoot, "app");
  const quiet = { quiet: true, env: { ...process.env, npm_config_loglevel: "error" } };
  const pack = await $({ ...quiet, cwd: app })`npm run -s package -- --json --pack-destination ${folder}`;
  [packed] = JSON.parse(pack.stdout);
  const own = join(folder, "app");
  await cp(join(projectRoot, "examples/parts"), own, { recursive: true });
  const file = join(own, "package.json");
  const text = await readFile(file, "utf8");
  await writeFile(
    file,
    text.replace('"@breakwater/api": "0.1.0"', `"@breakwater/api": "file:../${packed.filename}"`),
  );
  await $({ ...quiet, cwd: own })`npm install --no-audit --no-fund --ignore-scripts`;
  redis = await RedisServer.start();
});
after(async () => {
  server?.kill("SIGKILL");
  await redis?.stop();
  await rm(folder, { recursive: true, force: true });
});

test("the package has the parts with their types, and no test code", () => {
  const paths = packed.files.map(({ path }) => path);
  for (const part of ["cache", "cpu-pool", "drain", "health", "memory", "metrics", "shedding"])
    for (const kind of ["js", "d.ts"])
      assert.ok(paths.includes(`.build/package/parts/${part}.${kind}`), part);
  assert.deepEqual(
    paths.filter((path) => /test|domain|labs|^src/.test(path)),
    [],
  );
});

test("a TypeScript program outside of the repository compiles with the types of the package", async () => {
  const tsc = join(projectRoot, "node_modules/typescript/bin/tsc");
  const run = await $({ cwd: join(folder, "app"), quiet: true, nothrow: true })`${process.execPath} ${tsc}`;
  assert.equal(run.exitCode, 0, run.stdout);
});

test("a plain Express app has the cache, the pool, the metrics and the monitor of the package", async () => {
  server = spawn(process.execPath, ["server.ts"], {
    cwd: join(folder, "app"),
    env: { ...process.env, PORT: "0", REDIS_PORT: String(redis.address.port), NODE_TEST_CONTEXT: undefined },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(server, "exit").then(([code]) => assert.fail(`the program ended with ${code}`));
  const [line] = await Promise.race([once(server.stdout ?? assert.fail(), "data"), exited]);
  exited.catch(() => undefined);
  port = Number(String(line));
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { cached: response.headers.get("x-cache"), text: await response.text() };
  };
  assert.equal((await get("/things/1")).cached, "MISS");
  assert.deepEqual(await get("/things/1"), { cached: "HIT", text: '{"name":"lamp"}' });
  await fetch(`http://127.0.0.1:${port}/things/1/chair`, { method: "PUT" });
  assert.equal((await get("/things/1")).text, '{"name":"chair"}');
  assert.equal((await get("/fibonacci/20")).text, '{"value":6765}');
  assert.match((await get("/ready")).text, /"ready"/);
  assert.match((await get("/metrics")).text, /route="\/things\/:id"/);
  assert.match((await get("/memory")).text, /"verdict":"warming up"/);
});

test("it ends after the request in progress", async () => {
  const socket = connect(port, "127.0.0.1");
  let received = "";
  socket.setEncoding("utf8").on("data", (part: string) => {
    received += part;
  });
  socket.write("GET /things/1 HTTP/1.1\r\nHost: a\r\n");
  await new Promise((resolve) => setTimeout(resolve, 200));
  server.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 300));
  socket.write("\r\n");
  const [code] = await once(server, "exit");
  assert.equal(code, 0);
  assert.match(received, /^HTTP\/1\.1 200 [\s\S]*connection: close/i);
});
