import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { type RawResponse, requestText } from "./raw-http.ts";

let pod: EchoPod;
let gateway: Gateway;
before(async () => {
  pod = await EchoPod.start();
  gateway = await Gateway.start(
    gatewaySettings(pod.port, { timeout: 500, maxBody: 1024, connectTimeout: 500 }),
  );
  await gateway.until("GET /api/light HTTP/1.1", ({ status }) => status === 200);
});
after(async () => {
  await gateway?.stop();
  pod?.stop();
});

/** Asserts the API's form of an error: JSON with a request id that the header has, too, and nothing about the container. */
function assertErrorForm(response: RawResponse, status: number): void {
  assert.equal(response.status, status, response.body);
  assert.equal(response.headers.get("content-type"), "application/json; charset=utf-8");
  const body = JSON.parse(response.body) as Record<string, unknown>;
  assert.deepEqual(Object.keys(body), ["error", "message", "requestId"]);
  for (const text of Object.values(body)) assert.ok(typeof text === "string" && text !== "", response.body);
  assert.equal(response.headers.get("x-request-id"), body.requestId);
  assert.equal(response.headers.get("location"), undefined);
  assert.doesNotMatch([...response.headers].join() + response.body, /:\d{4,5}\b|html|nginx\//i);
  if (status === 503) assert.equal(response.headers.get("retry-after"), "1");
  if (status === 405) assert.match(response.headers.get("allow") ?? "", /\bGET\b/);
}

const long = "x".repeat(9000);
const requests: [what: string, status: number, text: string][] = [
  ["/api without its slash", 404, requestText("GET /api HTTP/1.1")],
  ["/api without its slash and with a query", 404, requestText("GET /api?x=1 HTTP/1.1")],
  ["POST /api without its slash", 404, requestText("POST /api HTTP/1.1", ["Content-Length: 0"])],
  ["a path outside of /api/", 404, requestText("GET / HTTP/1.1")],
  ["a path that begins like the API's", 404, requestText("GET /apix HTTP/1.1")],
  ["an internal path", 404, requestText("GET /.edge/error HTTP/1.1")],
  ["TRACE", 405, requestText("TRACE /api/light HTTP/1.1")],
  ["CONNECT", 405, requestText("CONNECT edge.test:443 HTTP/1.1")],
  ["a method in lower case", 400, requestText("get /api/light HTTP/1.1")],
  ["a request without Host", 400, "GET /api/light HTTP/1.1\r\nConnection: close\r\n\r\n"],
  ["two Hosts", 400, requestText("GET /api/light HTTP/1.1", ["Host: b"])],
  ["a Host that is none", 400, "GET /api/light HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n"],
  ["what is no HTTP", 400, "\x16\x03\x01\x02\x00\r\n\r\n"],
  ["a NUL in the path", 400, requestText("GET /api/users/%00 HTTP/1.1")],
  ["an escape that is none", 400, requestText("GET /api/users/%zz HTTP/1.1")],
  ["a path above the root", 400, requestText("GET /api/../../x HTTP/1.1")],
  [
    "a body of two lengths",
    400,
    requestText("POST /api/x HTTP/1.1", ["Content-Length: 1", "Content-Length: 2"]),
  ],
  [
    "a body with length and chunks",
    400,
    requestText("POST /api/x HTTP/1.1", ["Content-Length: 1", "Transfer-Encoding: chunked"]),
  ],
  ["a body that is too large", 413, requestText("POST /api/x HTTP/1.1", ["Content-Length: 2000"])],
  [
    "chunks that are too large",
    413,
    `${requestText("POST /api/x HTTP/1.1", ["Transfer-Encoding: chunked"])}fff\r\n${"x".repeat(100)}`,
  ],
  [
    "chunks that are none",
    400,
    `${requestText("POST /api/x HTTP/1.1", ["Transfer-Encoding: chunked"])}zz\r\n`,
  ],
  ["a long address", 414, requestText(`GET /api/${long} HTTP/1.1`)],
  ["a large header", 431, requestText("GET /api/light HTTP/1.1", [`X-Large: ${long}`])],
  [
    "many headers",
    431,
    requestText(
      "GET /api/light HTTP/1.1",
      Array.from({ length: 5 }, (_, index) => `X-${index}: ${long.slice(0, 8000)}`),
    ),
  ],
  ["an unknown transfer coding", 501, requestText("POST /api/x HTTP/1.1", ["Transfer-Encoding: gzip"])],
  ["HTTP/2.0 without an upgrade", 505, requestText("GET /api/light HTTP/2.0")],
  ["the preface of HTTP/2", 400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
];
for (const [what, status, text] of requests)
  test(`the gateway responds to ${what} with ${status} in the API's form`, async () => {
    assertErrorForm(await gateway.send(text), status);
  });

test("the gateway responds to HEAD with the headers of its error, and without a body", async () => {
  const response = await gateway.request("HEAD / HTTP/1.1");
  assert.equal(response.status, 404);
  assert.equal(response.body, "");
  assert.ok(Number(response.headers.get("content-length")) > 0);
});

test("the gateway closes the connection of a body that stalls, without a page of its own", async () => {
  const quick = await Gateway.start(gatewaySettings(pod.port), ["127.0.0.1"], (conf) =>
    conf.replace(/client_body_timeout \w+/, "client_body_timeout 200ms"),
  );
  try {
    const start = Date.now();
    const response = await quick.send(`${requestText("POST /api/x HTTP/1.1", ["Content-Length: 5"])}ab`);
    assert.deepEqual([response.status, response.body], [0, ""]);
    assert.ok(Date.now() - start < 1900, "the client, not the gateway, has closed the connection");
  } finally {
    await quick.stop();
  }
});

test("the gateway responds to a pod that is too slow with 504 in the API's form", async () => {
  pod.handle = (request) => request.url === "/never";
  assertErrorForm(await gateway.request("GET /api/never HTTP/1.1"), 504);
});

test("the gateway responds to pods that end each request with 503 in the API's form", async () => {
  pod.handle = (request) => request.url === "/crash" && request.socket.destroy() !== undefined;
  assertErrorForm(await gateway.request("GET /api/crash HTTP/1.1"), 503);
});

test("the gateway passes on errors of the API as they are", async () => {
  pod.handle = (_, response) => {
    response.writeHead(502, { "content-type": "text/plain", "content-length": 13 }).end("the API's own");
    return true;
  };
  const response = await gateway.request("GET /api/x HTTP/1.1");
  pod.handle = () => false;
  assert.deepEqual([response.status, response.body], [502, "the API's own"]);
});

test("the gateway passes on a response with headers of 7 KiB, which is no failure of its pod", async () => {
  const large = "x".repeat(7 * 1024);
  pod.handle = (_, response) => !!response.writeHead(200, { "x-large": large }).end();
  const response = await gateway.request("GET /api/x HTTP/1.1");
  pod.handle = () => false;
  assert.deepEqual([response.status, response.headers.get("x-large")], [200, large]);
});

test("a pod cannot send a request to another address of the gateway", async () => {
  const before = pod.received.length;
  pod.handle = (_, response) =>
    !!response.writeHead(200, { "x-accel-redirect": "/api/other", "content-length": 2 }).end("ok");
  const response = await gateway.request("GET /api/x HTTP/1.1");
  pod.handle = () => false;
  assert.deepEqual(
    [response.status, response.body, response.headers.get("x-accel-redirect")],
    [200, "ok", undefined],
  );
  assert.equal(pod.received.length, before + 1);
});

test("the gateway responds with 503 in the API's form when it knows no pod", async () => {
  const lonely = await Gateway.start(gatewaySettings(pod.port), []);
  try {
    assertErrorForm(await lonely.request("GET /api/light HTTP/1.1"), 503);
  } finally {
    await lonely.stop();
  }
});

for (const [what, text, host] of [
  ["HTTP/1.0 without Host", "GET /api/light HTTP/1.0\r\n\r\n", "localhost"],
  ["HTTP/1.0 with Host", "GET /api/light HTTP/1.0\r\nHost: edge.test:8080\r\n\r\n", "edge.test:8080"],
  ["HTTP/1.1", requestText("GET /api/light HTTP/1.1"), "edge.test"],
  [
    "an address that its Host contradicts",
    requestText("GET http://other.test:99/api/light HTTP/1.1"),
    "other.test:99",
  ],
  ["a Host in upper case", "GET /api/light HTTP/1.0\r\nHost: EDGE.test:80\r\n\r\n", "edge.test:80"],
  ["an absolute address", "GET http://edge.test/api/light HTTP/1.0\r\n\r\n", "edge.test"],
] as const)
  test(`the gateway passes on ${what} with the Host ${host}`, async () => {
    const response = await gateway.send(text);
    assert.equal(response.status, 200, response.body);
    assert.equal(JSON.parse(response.body).headers.host, host);
  });

for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "LOCK"])
  test(`the gateway passes on ${method}`, async () => {
    const response = await gateway.request(`${method} /api/light HTTP/1.1`, "Content-Length: 0");
    assert.deepEqual([response.status, JSON.parse(response.body).method], [200, method]);
  });
