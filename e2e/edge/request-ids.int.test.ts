import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { requestText } from "./raw-http.ts";

let pod: EchoPod;
let gateway: Gateway;
before(async () => {
  pod = await EchoPod.start();
  gateway = await Gateway.start(gatewaySettings(pod.port, { accessLog: true }));
  await gateway.until("GET /healthz/started HTTP/1.1", ({ status }) => status === 200);
});
after(async () => {
  await gateway?.stop();
  pod?.stop();
});

const id = (value: string) => `X-Request-ID: ${value}`;
for (const [what, headers, kept] of [
  ["none", [], undefined],
  ["an id", [id("my-id.1")], "my-id.1"],
  ["an id with a quote", [id('a"b')], undefined],
  ["an id that is too long", [id("x".repeat(129))], undefined],
  ["an id with bytes above ASCII", [id("\xe4")], undefined],
  ["two ids", [id("a"), id("b")], undefined],
] as const)
  test(`the access log, the pod and the response have one request id when the client sends ${what}`, async () => {
    const response = await gateway.request("GET /api/light HTTP/1.1", ...headers);
    const { headers: received } = JSON.parse(response.body);
    const sent = response.headers.get("x-request-id");
    assert.match(sent ?? "", /^[\w.-]{1,128}$/);
    if (kept !== undefined) assert.equal(sent, kept);
    else assert.match(sent ?? "", /^[0-9a-f]{32}$/);
    assert.equal(received["x-request-id"], sent);
    assert.equal((await gateway.logged(sent)).status, 200);
  });

for (const [what, text, status] of [
  ["an unknown path", requestText("GET /x HTTP/1.1", [id("own-1")]), 404],
  ["TRACE", requestText("TRACE /api/x HTTP/1.1", [id("own-2")]), 405],
  ["what is no HTTP", "nonsense\r\n\r\n", 400],
  ["a large header", requestText("GET /api/light HTTP/1.1", [`X-Large: ${"x".repeat(9000)}`]), 431],
] as const)
  test(`the access log and the error have one request id after ${what}`, async () => {
    const response = await gateway.send(text);
    assert.equal(response.status, status);
    const { requestId } = JSON.parse(response.body);
    if (text.includes("own")) assert.match(requestId, /^own-/);
    assert.equal((await gateway.logged(requestId)).status, status);
  });

test("the access log and the error have one request id when pods end the request", async () => {
  pod.handle = (request) => request.socket.destroy() !== undefined;
  const response = await gateway.request("GET /api/crash HTTP/1.1");
  assert.equal(response.status, 503);
  const { requestId } = JSON.parse(response.body);
  assert.equal((await gateway.logged(requestId)).status, 503);
  assert.equal(pod.received.at(-1)?.headers["x-request-id"], requestId);
});
