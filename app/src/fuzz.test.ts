import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { buildTestApi } from "../testing/api.ts";
import { form } from "../testing/form.ts";
import { type RawResponse, sendRaw } from "../testing/raw-request.ts";
import { UploadStore } from "./runtime/uploads/upload-store.ts";

const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
});
const latin = fc.string({ unit: fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code)) });

const number = fc.oneof(
  fc.integer().map(String),
  fc.bigInt().map(String),
  fc.double().map(String),
  fc.string({ unit: fc.constantFrom(..."0123456789"), maxLength: 400 }),
  fc.constantFrom(
    "",
    "1",
    "7",
    "-0",
    "0x10",
    "1e3",
    "1e999",
    "NaN",
    "null",
    "true",
    "%00",
    "%zz",
    "%ff",
    "%20 7",
    "é",
  ),
  visible.map(encodeURIComponent),
);
const query = fc
  .array(
    fc.tuple(
      fc.oneof(fc.constantFrom("n", "n[]", "__proto__", "constructor"), visible.map(encodeURIComponent)),
      number,
    ),
  )
  .map((pairs) => pairs.map((pair) => pair.join("=")).join("&"));
const target = fc.oneof(
  { weight: 3, arbitrary: number.map((id) => `/users/${id}`) },
  { weight: 3, arbitrary: query.map((of) => `/heavy-task?${of}`) },
  { weight: 3, arbitrary: fc.constant("/upload") },
  fc.constantFrom(
    "/",
    "*",
    "//",
    "/light",
    "/light/",
    "/livez",
    "/health",
    "/lab/exit",
    "/users",
    "/users/1/",
    "http://x/light",
  ),
  visible.map((rest) => `/${rest}`),
);
const method = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom("GET", "PUT", "POST") },
  fc.constantFrom(
    "HEAD",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "TRACE",
    "QUERY",
    "PROPFIND",
    "CONNECT",
    "get",
    "BREW",
    "",
  ),
);
const json = fc.oneof(
  fc.json(),
  fc
    .record({ name: fc.jsonValue(), email: fc.jsonValue() }, { requiredKeys: [] })
    .map((user) => JSON.stringify(user)),
  fc.record({ name: fc.string(), email: fc.constant("a@example.org") }).map((user) => JSON.stringify(user)),
  fc.constantFrom(
    "",
    "{",
    '{"name":',
    '{"name":"a","name":"b"}',
    '{"__proto__":{}}',
    '"\\ud800"',
    "[".repeat(900),
  ),
);
const multipart = fc
  .tuple(
    fc.array(fc.record({ field: latin, filename: latin, content: latin }), { maxLength: 4 }),
    fc.nat(400),
    fc.boolean(),
  )
  .map(([files, cut, isCut]) => {
    const { body } = form(...files);
    return isCut ? body.slice(0, -cut) : body;
  });
const body = fc.oneof(
  fc.constant(undefined),
  json,
  multipart,
  latin,
  fc.integer({ min: 1000, max: 100_000 }).map((length) => `"${"x".repeat(length)}"`),
);
const contentType = fc.oneof(
  fc.constantFrom(
    "application/json",
    "application/json; charset=utf-16",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=edge",
    "multipart/form-data; boundary=edge",
    "multipart/mixed; boundary=edge",
  ),
  visible,
);
const oddHeader = fc.oneof(
  visible.map((id) => `X-Request-ID: ${id}`),
  visible.map((value) => `Accept-Version: ${value}`),
  fc.constantFrom(
    "Host: other",
    "Expect: 100-continue",
    "Expect: x",
    "Upgrade: websocket",
    "Content-Type: text/html",
    "X: \u0001",
  ),
  fc.integer({ min: 10, max: 40_000 }).map((length) => `X-Long: ${"x".repeat(length)}`),
  fc.integer({ min: 10, max: 3_000 }).map((count) => Array(count).fill("X: y").join("\r\n")),
);
/** How the request declares the length of its body: correctly, in chunks, or wrongly. */
const framing = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("length", "chunks") },
  fc.constantFrom("too long", "too short", "nonsense", "both", "none"),
);

interface Request {
  method: string;
  target: string;
  headers: string[];
  body: string | undefined;
  contentType: string | undefined;
  framing: string;
  /** Closes the connection after this many bytes. */
  cut: number | undefined;
}

const request: fc.Arbitrary<Request> = fc.record({
  method,
  target,
  headers: fc.array(oddHeader, { maxLength: 2 }),
  body,
  contentType: fc.option(contentType, { nil: undefined }),
  framing,
  cut: fc.option(fc.nat(2_000), { nil: undefined, freq: 6 }),
});

function bytesOf({ method, target, headers, body, contentType, framing, cut }: Request): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`, "Host: here", ...headers];
  if (contentType !== undefined) lines.push(`Content-Type: ${contentType}`);
  let content = body ?? "";
  const { length } = content;
  if (body !== undefined) {
    if (framing === "length" || framing === "both") lines.push(`Content-Length: ${length}`);
    if (framing === "too long") lines.push(`Content-Length: ${length + 10}`);
    if (framing === "too short") lines.push(`Content-Length: ${Math.max(0, length - 10)}`);
    if (framing === "nonsense") lines.push("Content-Length: many");
    if (framing === "chunks" || framing === "both") {
      lines.push("Transfer-Encoding: chunked");
      content = `${length > 0 ? `${length.toString(16)}\r\n${content}\r\n` : ""}0\r\n\r\n`;
    }
  }
  return Buffer.from(`${lines.join("\r\n")}\r\nConnection: close\r\n\r\n${content}`, "latin1").subarray(
    0,
    cut,
  );
}

test("API responds correctly to random requests and keeps serving", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "fuzz-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const stats = { active: 0, files: 0, bytes: 0, failed: 0 };
  const uploads = { store: new UploadStore(dir), stats, maxBytes: 300, maxFiles: 2 };
  const { listen, logged } = buildTestApi(t, { uploads, bodyIdleMs: 50 });
  const port = await listen();
  const light = "GET /light HTTP/1.1\r\nHost: here\r\n\r\n";

  await fc.assert(
    fc.asyncProperty(request, async (sent) => {
      // Bytes behind the request reset the connection, which can overtake the response.
      const hasRest = Boolean(sent.body) && !["length", "chunks"].includes(sent.framing);
      const isComplete = sent.cut === undefined && sent.method !== "" && !hasRest;
      const send = () => sendRaw(port, bytesOf(sent), { hangUpAfterMs: sent.cut === undefined ? 5_000 : 20 });
      // On a machine that stalls, a complete body may seem idle, and the reset overtake the 408.
      const response = (await send()) ?? (isComplete ? await send() : undefined);
      if (response === undefined) assert.ok(!isComplete, "no response");
      else checkResponse(response, sent.method === "HEAD");
    }),
    { numRuns: 500 },
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const response = await sendRaw(port, Buffer.from(bytes), { hangUpAfterMs: 10 });
      if (response !== undefined) checkResponse(response, false);
    }),
    { numRuns: 50 },
  );

  assert.equal((await sendRaw(port, light))?.status, 200);
  assert.deepEqual(logged, []);
  for (const end = Date.now() + 5_000; stats.active > 0 && Date.now() < end; ) await sleep(10);
  assert.equal(stats.active, 0);
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.endsWith(".part")),
    [],
  );
});

function checkResponse({ status, headers, body }: RawResponse, isHead: boolean): void {
  assert.ok(
    (status >= 200 && status < 300) || (status >= 400 && status < 500) || status === 503 || status === 100,
    `${status} ${body}`,
  );
  if (status < 400 || isHead) return;
  const { error, message, requestId, ...rest } = JSON.parse(body);
  for (const text of [error, message, requestId]) assert.equal(typeof text, "string");
  assert.deepEqual(rest, {});
  assert.equal(requestId, headers["x-request-id"]);
  assert.doesNotMatch(body, /\n|\bat .*\.[jt]s:\d/);
}
