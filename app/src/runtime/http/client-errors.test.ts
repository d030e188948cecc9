import assert from "node:assert/strict";
import { test } from "node:test";
import { buildTestApi } from "../../../testing/api.ts";
import { sendRaw } from "../../../testing/raw-request.ts";

const host = "Host: here\r\n";
const cases: [what: string, bytes: string, status: number, error: string][] = [
  ["bytes that are no HTTP", "Hello there\r\n\r\n", 400, "Bad Request"],
  ["an unknown method", `BREW /light HTTP/1.1\r\n${host}\r\n`, 400, "Bad Request"],
  ["a method that no path has", `PROPFIND /light HTTP/1.1\r\n${host}\r\n`, 405, "Method Not Allowed"],
  ["CONNECT", `CONNECT there:443 HTTP/1.1\r\n${host}\r\n`, 405, "Method Not Allowed"],
  ["no host", "GET /light HTTP/1.1\r\n\r\n", 400, "Bad Request"],
  [
    "an expectation",
    `PUT /users/1 HTTP/1.1\r\n${host}Expect: a-miracle\r\nContent-Length: 2\r\n\r\n{}`,
    417,
    "Expectation Failed",
  ],
  [
    "headers of 50 KiB",
    `GET /light HTTP/1.1\r\n${host}X-Much: ${"x".repeat(51_200)}\r\n\r\n`,
    431,
    "Request Header Fields Too Large",
  ],
  ["a header with a line break", `GET /light HTTP/1.1\r\n${host}X: a\rb\r\n\r\n`, 400, "Bad Request"],
  [
    "two lengths",
    `PUT /users/1 HTTP/1.1\r\n${host}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
    400,
    "Bad Request",
  ],
  [
    "a length and chunks",
    `PUT /users/1 HTTP/1.1\r\n${host}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`,
    400,
    "Bad Request",
  ],
  [
    "a chunk without a size",
    `PUT /users/1 HTTP/1.1\r\n${host}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    400,
    "Bad Request",
  ],
  ["an address that cannot be decoded", `GET /users/%zz HTTP/1.1\r\n${host}\r\n`, 400, "Bad Request"],
  [
    "an address with a very long part",
    `GET /users/${"1".repeat(500)} HTTP/1.1\r\n${host}\r\n`,
    414,
    "URI Too Long",
  ],
];

test("API responds in the common error form to requests that no route receives", async (t) => {
  const { listen, logged, metrics } = buildTestApi(t);
  const port = await listen();
  for (const [what, bytes, status, error] of cases) {
    await t.test(what, async () => {
      const response = await sendRaw(port, bytes);
      assert.equal(response?.status, status);
      const body = JSON.parse(response.body);
      assert.deepEqual(Object.keys(body), ["error", "message", "requestId"]);
      assert.equal(body.error, error);
      assert.equal(body.requestId, response.headers["x-request-id"]);
      assert.match(response.headers["content-type"] ?? "", /^application\/json/);
    });
  }
  assert.equal((await sendRaw(port, `GET /light HTTP/1.1\r\n${host}\r\n`))?.status, 200);
  assert.deepEqual(logged, []);
  assert.match(
    await metrics.render(),
    /http_requests_total\{method="any",route="unreadable",status="431"\} 1/,
  );
});

test("API takes all headers that Nginx passes on, and keeps their request id", async (t) => {
  const { listen } = buildTestApi(t);
  const large = [1, 2, 3, 4].map((index) => `X-${index}: ${"x".repeat(8180)}\r\n`).join("");
  const bytes = `GET /light HTTP/1.1\r\n${host}X-Request-ID: own\r\n${large}\r\n`;
  const response = await sendRaw(await listen(), bytes);
  assert.deepEqual([response?.status, response?.headers["x-request-id"]], [200, "own"]);
});
