import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open as openFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { buildTestApi } from "../../testing/api.ts";
import { form } from "../../testing/form.ts";
import { sendRaw } from "../../testing/raw-request.ts";
import { UploadStore } from "../runtime/uploads/upload-store.ts";
import type { UploadParts } from "./upload.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

function uploadFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "uploads-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** The API with an upload folder. */
function open(t: TestContext, parts: Partial<UploadParts> = {}, bodyIdleMs?: number) {
  const dir = uploadFolder(t);
  const stats = { active: 0, files: 0, bytes: 0, failed: 0 };
  const uploads = { store: new UploadStore(dir), stats, maxBytes: 100_000, maxFiles: 2, ...parts };
  const api = buildTestApi(t, { uploads, ...(bodyIdleMs === undefined ? {} : { bodyIdleMs }) });
  const upload = (payload: string, contentType = form().contentType) =>
    api.app.inject({ method: "POST", url: "/upload", headers: { "content-type": contentType }, payload });
  return { ...api, dir, stats, upload };
}

test("POST /upload keeps the files of a form and returns their hashes", async (t) => {
  const { dir, stats, upload } = open(t);
  const [one, two] = ["first ".repeat(9000), ""];
  const answer = await upload(
    form({ content: one }, { field: "b", filename: "../b.txt", content: two }).body,
  );
  assert.equal(answer.statusCode, 200);
  const { files } = answer.json();
  assert.deepEqual(
    files.map(({ storedAs: _, ...file }: { storedAs: string }) => file),
    [
      { field: "file", filename: "a.txt", bytes: one.length, sha256: sha256(one) },
      { field: "b", filename: "b.txt", bytes: 0, sha256: sha256(two) },
    ],
  );
  assert.equal(readFileSync(join(dir, files[0].storedAs), "utf8"), one);
  assert.equal(readdirSync(dir).length, 2);
  assert.deepEqual(stats, { active: 0, files: 2, bytes: one.length, failed: 0 });
});

test("POST /upload hashes and discards the files when no folder is set", async (t) => {
  const { upload } = open(t, { store: new UploadStore(undefined) });
  const answer = await upload(form({ content: "abc" }).body);
  assert.deepEqual(answer.json(), {
    files: [{ field: "file", filename: "a.txt", bytes: 3, sha256: sha256("abc") }],
  });
});

const { contentType, body } = form({ content: "abc" });
const wrong: [what: string, status: number, message: RegExp, payload: string, contentType?: string][] = [
  ["a file that is too large", 413, /larger than/, form({ content: "x".repeat(100_001) }).body],
  [
    "files that are too large together",
    413,
    /larger than/,
    form({ content: "x".repeat(60_000) }, { content: "x".repeat(60_000) }).body,
  ],
  ["too many files", 413, /more than 2 files/, form(...Array(3).fill({ content: "x" })).body],
  ["JSON", 415, /Media Type/i, "{}", "application/json"],
  ["no boundary", 400, /Boundary not found/, body, "multipart/form-data"],
  ["another boundary", 400, /malformed/, body, "multipart/form-data; boundary=other"],
  ["an end too soon", 400, /malformed/, body.slice(0, -30)],
  ["no file", 400, /no file/, form().body],
  ["an empty body", 400, /no file/, ""],
  ["a field only", 400, /no file/, body.replace(/; filename="[^"]*"/, "")],
  ["a field named like a part of every object", 400, /not allowed/, body.replace('"file"', '"__proto__"')],
];
for (const [what, status, message, payload, type] of wrong) {
  test(`POST /upload refuses a form with ${what}, and keeps none of its files`, async (t) => {
    const { dir, upload, logged } = open(t);
    const answer = await upload(payload, type ?? contentType);
    assert.equal(answer.statusCode, status, answer.body);
    assert.deepEqual(Object.keys(answer.json()), ["error", "message", "requestId"]);
    assert.match(answer.json().message, message);
    assert.deepEqual(readdirSync(dir), []);
    assert.deepEqual(logged, []);
  });
}

test("POST /upload responds with 507 when the disk is full", async (t) => {
  const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  let discarded = 0;
  const target = () => ({
    stream: new Writable({ write: (_chunk, _encoding, done) => done(full) }),
    take: () => true,
    keep: async () => undefined,
    discard: async () => void discarded++,
  });
  const answer = await open(t, { store: { admit: async () => undefined, open: target } }).upload(body);
  assert.equal(answer.statusCode, 507);
  assert.equal(answer.json().message, "there is no room for the upload");
  assert.equal(discarded, 1);
});

test("POST /upload fills the volume to its limit, and accepts more when files are removed", async (t) => {
  const dir = uploadFolder(t);
  const { upload } = open(t, { store: new UploadStore(dir, 256 * 1024) });
  const payload = form({ content: "x".repeat(90_000) }).body;
  const statuses = [];
  for (let count = 0; count < 4; count++) statuses.push((await upload(payload)).statusCode);
  assert.deepEqual(statuses, [200, 200, 507, 507]);
  const [first = "", ...others] = readdirSync(dir);
  assert.equal(others.length, 1);
  rmSync(join(dir, first));
  await until(async () => (await upload(payload)).statusCode === 200);
  assert.equal(readdirSync(dir).length, 2);
});

test("POST /upload aborts an upload of unknown length when the volume is full", async (t) => {
  const dir = uploadFolder(t);
  const { listen } = open(t, { store: new UploadStore(dir, 48 * 1024) });
  const port = await listen();
  const { body: large } = form({ content: "x".repeat(90_000) });
  const lines = ["POST /upload HTTP/1.1", "Host: here", `Content-Type: ${contentType}`];
  const chunked = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
  const answer = await sendRaw(port, `${lines.join("\r\n")}\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`);
  assert.equal(answer?.status, 507);
  assert.deepEqual(readdirSync(dir), []);
});

const head = (length: number) =>
  `POST /upload HTTP/1.1\r\nHost: here\r\nContent-Type: ${contentType}\r\nContent-Length: ${length}\r\n\r\n`;

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 5_000; !(await isSo()) && Date.now() < end; ) await sleep(10);
}

test("POST /upload leaves no files when the client disconnects mid-body", async (t) => {
  const { dir, stats, listen, logged } = open(t);
  const port = await listen();
  const sent = sendRaw(port, [head(90_000), body.slice(0, body.indexOf("abc")), "x".repeat(40_000)], {
    hangUpAfterMs: 300,
  });
  await until(() => readdirSync(dir).length === 1);
  assert.match(readdirSync(dir)[0] ?? "", /^\.\d+-.*\.part$/);
  await sent;
  await until(() => stats.failed === 1 && readdirSync(dir).length === 0);
  assert.deepEqual(readdirSync(dir), []);
  assert.deepEqual(stats, { active: 0, files: 0, bytes: 0, failed: 1 });
  assert.deepEqual(logged, []);
});

test("POST /upload responds with 408 when the client stalls mid-body", async (t) => {
  const { dir, stats, listen, logged } = open(t, {}, 200);
  const port = await listen();
  const answer = await sendRaw(port, [head(90_000), body.slice(0, body.indexOf("abc")), "x".repeat(40_000)]);
  assert.equal(answer?.status, 408);
  await until(() => stats.failed === 1 && readdirSync(dir).length === 0);
  assert.deepEqual(readdirSync(dir), []);
  assert.deepEqual(logged, []);
});

test("POST /upload responds with 408 when the client sends a byte now and then", async (t) => {
  const { dir, stats, listen } = open(t, {}, 200);
  const socket = connect(await listen(), "127.0.0.1");
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  socket.write(head(90_000) + body.slice(0, body.indexOf("abc")));
  for (let sent = 0; sent < 100 && !socket.destroyed && answer === ""; sent++) {
    socket.write("x");
    await sleep(20);
  }
  socket.end();
  await closed;
  assert.match(answer, /^HTTP\/1\.1 408 /);
  await until(() => stats.failed === 1 && readdirSync(dir).length === 0);
});

test("POST /upload delivers the response when the client sends more than the limit", async (t) => {
  const { dir, listen } = open(t);
  const port = await listen();
  const much = form({ content: "x".repeat(1_000_000) }).body;
  for (const bytes of [head(much.length), head(3_000_000)]) {
    const answer = await sendRaw(port, [bytes, much]);
    assert.equal(answer?.status, 413);
    assert.match(JSON.parse(answer.body).message, /larger than/);
  }
  assert.deepEqual(readdirSync(dir), []);
});

test("UploadStore removes leftovers of ended processes at the start, and keeps those of running ones", async (t) => {
  const { dir } = open(t);
  const name = "0c4c0a35-0000-4000-8000-000000000000";
  // Linux never assigns a pid above 2^22.
  const [own, gone, alive] = [process.pid, 2 ** 22 + 1, process.ppid].map((pid) => `.${pid}-${name}.part`);
  for (const file of [own, gone, alive, name]) writeFileSync(join(dir, file ?? ""), "x");
  await new UploadStore(dir).prepare();
  assert.deepEqual(readdirSync(dir).sort(), [alive, name].sort());
  const missing = join(dir, "a", "b");
  await new UploadStore(missing).prepare();
  assert.ok(existsSync(missing));
});

test("POST /upload responds after the files and their names are on the disk", async (t) => {
  const { dir, upload } = open(t);
  const probe = await openFile(dir, "r");
  const namesAtSync: number[] = [];
  const prototype = Object.getPrototypeOf(probe) as FileHandle;
  const { sync } = prototype;
  prototype.sync = function (this: FileHandle) {
    namesAtSync.push(readdirSync(dir).filter((name) => !name.startsWith(".")).length);
    return sync.call(this);
  };
  t.after(async () => {
    prototype.sync = sync;
    await probe.close();
  });
  assert.equal((await upload(form({ content: "abc" }).body)).statusCode, 200);
  // The content before the file gets its name, and the folder afterwards.
  assert.deepEqual(namesAtSync, [0, 1]);
});
