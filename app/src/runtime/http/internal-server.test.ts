import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { createInternalServer, type InternalServerParts } from "./internal-server.ts";
import { type OperationParts, ProcessOperations } from "./operations.ts";

const token = "a-token-of-the-tests";

async function start(
  t: TestContext,
  parts: Partial<OperationParts> = {},
  own: { token?: string; tokenFile?: string } = { token },
) {
  const logged: object[] = [];
  const health: InternalServerParts["health"] = {
    live: { status: 200, body: '{"status":"live"}' },
    ready: { status: 503, body: '{"status":"not ready"}' },
  };
  const metrics = { contentType: "text/plain; version=0.0.4", render: async () => "up 1\n" };
  const operations = new ProcessOperations({ metrics, ...parts });
  const log = { error: (facts: object) => void logged.push(facts) };
  const server = createInternalServer({ health, operations, token: undefined, ...own, log });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const ask = async (method: string, path: string, bearer: string | undefined = token) => {
    const headers = { "x-request-id": "asked-1", ...(bearer && { authorization: `Bearer ${bearer}` }) };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson && text ? JSON.parse(text) : {},
    };
  };
  return { ask, logged };
}

test("internal server serves probes and metrics without a token", async (t) => {
  const { ask } = await start(t);
  assert.deepEqual((await ask("GET", "/livez", "")).json, { status: "live" });
  assert.equal((await ask("GET", "/readyz", "")).status, 503);
  assert.equal((await ask("GET", "/health", "")).status, 503);
  const metrics = await ask("GET", "/metrics", "");
  assert.equal(metrics.text, "up 1\n");
  assert.equal(metrics.headers.get("content-type"), "text/plain; version=0.0.4");
});

test("internal server accepts the token of the file, too, and reads the file at each request", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "token-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const tokenFile = join(folder, "token");
  const { ask } = await start(t, {}, { token, tokenFile });
  const statuses = async () =>
    Promise.all(
      [token, "token-before-it-changed", "", "undefined"].map(
        async (bearer) => (await ask("GET", "/internal/memory", bearer)).status,
      ),
    );
  const [accepted] = await statuses();
  assert.notEqual(accepted, 401);
  assert.deepEqual(await statuses(), [accepted, 401, 401, 401]);
  writeFileSync(tokenFile, "token-before-it-changed\n");
  assert.deepEqual(await statuses(), [accepted, accepted, 401, 401]);
  writeFileSync(tokenFile, token);
  assert.deepEqual(await statuses(), [accepted, 401, 401, 401]);
});

const guarded = [
  ["GET", "/internal/stats"],
  ["GET", "/internal/memory"],
  ["POST", "/internal/heap-snapshot"],
  ["GET", "/internal/heap-snapshots"],
  ["GET", "/internal/heap-snapshots/a.heapsnapshot"],
  ["DELETE", "/internal/cache?pattern=user:*"],
  ["GET", "/internal/no-such"],
] as const;

test("internal server refuses /internal/ without the right token", async (t) => {
  const { ask } = await start(t, { stats: () => assert.fail("reached") });
  for (const [method, path] of guarded) {
    for (const bearer of ["", "another-token-of-tests", `${token}x`]) {
      const response = await ask(method, path, bearer);
      assert.equal(response.status, 401, `${method} ${path}`);
      assert.equal(response.headers.get("www-authenticate"), "Bearer");
      const { message } = response.json;
      assert.deepEqual(response.json, { error: "Unauthorized", message, requestId: "asked-1" });
    }
  }
});

test("internal server refuses /internal/ when no token is configured", async (t) => {
  const { ask } = await start(t, {}, {});
  for (const [method, path] of guarded) {
    for (const bearer of ["", "undefined", token])
      assert.equal((await ask(method, path, bearer)).status, 403, `${method} ${path}`);
  }
});

test("internal server sends reports as JSON, and 503 when a part is absent", async (t) => {
  const { ask } = await start(t, {
    memory: () => ({ rss: 5 }),
    cache: { clear: async (pattern) => pattern.length },
  });
  assert.deepEqual((await ask("GET", "/internal/memory")).json, { rss: 5 });
  assert.deepEqual((await ask("DELETE", "/internal/cache?pattern=user:*")).json, {
    pattern: "user:*",
    cleared: 6,
  });
  assert.equal((await ask("DELETE", "/internal/cache")).status, 400);
  const absent = await ask("GET", "/internal/stats");
  assert.equal(absent.status, 503);
  assert.deepEqual(absent.json, {
    error: "Service Unavailable",
    message: "not available: statistics",
    requestId: "asked-1",
  });
});

test("internal server takes, lists and streams snapshots, and sends the numbers of a refusal", async (t) => {
  const bytes = Buffer.alloc(3 * 1024 * 1024, "s");
  let hasRoom = true;
  let opened = 0;
  const { ask } = await start(t, {
    snapshots: {
      take: async () =>
        hasRoom
          ? { taken: true, name: "1.heapsnapshot", bytes: bytes.length, tookMs: 4 }
          : { taken: false, reason: "no room", numbers: { limitBytes: 10, neededBytes: 20 } },
      list: async () => [{ name: "1.heapsnapshot" }],
      find: async (name) => {
        if (name !== "1.heapsnapshot") return undefined;
        const open = async () => {
          opened++;
          return Readable.from(chunksOf(bytes));
        };
        return { bytes: bytes.length, open };
      },
    },
  });
  const taken = await ask("POST", "/internal/heap-snapshot");
  assert.equal(taken.status, 201);
  assert.equal(taken.json.name, "1.heapsnapshot");
  assert.deepEqual((await ask("GET", "/internal/heap-snapshots")).json, [{ name: "1.heapsnapshot" }]);
  const file = await ask("GET", "/internal/heap-snapshots/1.heapsnapshot");
  assert.equal(file.text.length, bytes.length);
  const head = await ask("HEAD", "/internal/heap-snapshots/1.heapsnapshot");
  assert.deepEqual([head.status, head.headers.get("content-length")], [200, String(bytes.length)]);
  assert.equal(opened, 1, "HEAD reads no file");
  assert.equal(file.headers.get("content-disposition"), 'attachment; filename="1.heapsnapshot"');
  for (const name of ["2.heapsnapshot", "..%2f1.heapsnapshot", ".heapsnapshot", "a/b"])
    assert.equal((await ask("GET", `/internal/heap-snapshots/${name}`)).status, 404, name);
  assert.equal((await ask("POST", "/internal/heap-snapshot?worker=2")).status, 404);
  assert.equal((await ask("POST", "/internal/heap-snapshot?worker=x")).status, 400);
  hasRoom = false;
  const refused = await ask("POST", "/internal/heap-snapshot");
  assert.equal(refused.status, 503);
  assert.equal(refused.json.message, "no room");
  assert.deepEqual(refused.json.figures, { limitBytes: 10, neededBytes: 20 });
});

test("internal server closes the connection and keeps running when a download fails", async (t) => {
  const { ask } = await start(t, {
    snapshots: {
      take: () => Promise.reject(new Error("unused")),
      list: async () => [],
      find: async () => ({
        bytes: 200_000,
        open: async () =>
          Readable.from(
            (async function* () {
              yield Buffer.alloc(100_000);
              throw new Error("disk gone");
            })(),
          ),
      }),
    },
  });
  await assert.rejects(ask("GET", "/internal/heap-snapshots/1.heapsnapshot"));
  assert.equal((await ask("GET", "/livez")).status, 200);
});

test("internal server uses one form for unknown paths, wrong methods and failures", async (t) => {
  const { ask, logged } = await start(t, { stats: () => Promise.reject(new Error("secret detail")) });
  const unknown = await ask("GET", "/internal/no-such");
  assert.equal(unknown.status, 404);
  assert.equal(unknown.json.requestId, "asked-1");
  assert.equal((await ask("GET", "/nothing", "")).status, 404);
  const wrong = await ask("POST", "/internal/stats");
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get("allow"), "GET");
  assert.equal((await ask("HEAD", "/livez")).status, 200);
  const failed = await ask("GET", "/internal/stats");
  assert.equal(failed.status, 500);
  assert.ok(!failed.text.includes("secret"));
  assert.equal(logged.length, 1);
});

function* chunksOf(bytes: Buffer) {
  for (let offset = 0; offset < bytes.length; offset += 65_536) yield bytes.subarray(offset, offset + 65_536);
}
