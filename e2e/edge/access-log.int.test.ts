import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { requestText } from "./raw-http.ts";

let pod: EchoPod;
let gateway: Gateway;
before(async () => {
  pod = await EchoPod.start();
  gateway = await Gateway.start(
    gatewaySettings(pod.port, { accessLog: true, timeout: 300, trustedProxies: ["127.0.0.0/8"] }),
  );
  await gateway.until("GET /api/light HTTP/1.1", ({ status }) => status === 200);
});
after(async () => {
  await gateway?.stop();
  pod?.stop();
});

let ids = 0;
/** Sends a request and returns its line of the log. */
async function lineOf(line: string, ...headers: string[]): Promise<Record<string, unknown>> {
  const id = `log-${++ids}`;
  await gateway.request(line, `X-Request-ID: ${id}`, ...headers);
  return gateway.logged(id);
}

test("a line of the access log has the request, its pod, and the time of each part", async () => {
  const logged = await lineOf("GET /api/users/1?a=b HTTP/1.1");
  assert.equal(logged.uri, "/api/users/1?a=b");
  assert.deepEqual(
    [logged.method, logged.status, logged.attempts, logged.pod, logged.podStatus, logged.cache],
    ["GET", 200, 1, `127.0.0.1:${pod.port}`, "200", ""],
  );
  for (const seconds of [logged.seconds, Number(logged.podSeconds), Number(logged.podConnectSeconds)])
    assert.ok(typeof seconds === "number" && seconds >= 0 && seconds < 10, String(seconds));
});

test("a line of the access log has every attempt of a request", async () => {
  pod.handle = (request) => request.socket.destroy() !== undefined;
  const logged = await lineOf("GET /api/x HTTP/1.1");
  pod.handle = () => false;
  assert.equal(logged.status, 503);
  const attempts = logged.attempts as number;
  assert.ok(attempts >= 2 && attempts <= 4, String(attempts));
  for (const list of [logged.pod, logged.podStatus, logged.podSeconds])
    assert.equal(String(list).split(" : ").length, attempts);
});

test("a line of the access log without a pod has no attempts", async () => {
  assert.equal((await lineOf("GET /x HTTP/1.1")).attempts, 0);
});

for (const [what, sent, logged] of [
  ["a byte that is no UTF-8", "/api/\xff/x", "/api/\ufffd"],
  ["a character in UTF-8", "/api/\xc3\xa4/x", "/api/ä/x"],
  ["the longest character in UTF-8", "/api/\xf0\x9f\x98\x80", "/api/😀"],
  ["the half of a character", "/api/a\xc3", "/api/a\ufffd"],
  ["a character that is too long", "/api/\xc0\xaf", "/api/\ufffd"],
  ["a surrogate", "/api/\xed\xa0\x80", "/api/\ufffd"],
  ["a quote and a backslash", '/api/"\\', '/api/"\\'],
  ["a control character", "/api/\x7f\x01", undefined],
] as const)
  test(`a line of the access log is JSON in UTF-8 when the address has ${what}`, async () => {
    if (logged !== undefined) assert.equal((await lineOf(`GET ${sent} HTTP/1.1`)).uri, logged);
    else await gateway.request(`GET ${sent} HTTP/1.1`);
  });

test("each line of the access log is JSON in UTF-8, whatever bytes a client sends", async () => {
  const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
  const texts = [
    ...bytes.map((byte) => requestText(`GET /api/${byte}?${byte} HTTP/1.1`)),
    ...bytes.flatMap((byte) =>
      ["X-Request-ID", "traceparent", "X-Forwarded-For", "X-Real-IP", "Host", "Upgrade", byte].map((name) =>
        requestText("GET /api/light HTTP/1.1", [`${name}: a${byte}${byte}b`]),
      ),
    ),
    ...bytes.map((byte) => requestText(`G${byte}T /api/light HTTP/1.1`)),
    ...bytes.map((byte) => requestText(`GET /api/light HTTP/1.1${byte}`)),
    `GET /api/${"\xf0\x9f\x98\x80".repeat(1900)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    "GET /api/light\r\n",
    "\x16\x03\x01\x00\xff\xff\r\n\r\n",
    "",
  ];
  for (let index = 0; index < texts.length; index += 100)
    await Promise.all(texts.slice(index, index + 100).map((text) => gateway.send(text)));
  await gateway.accessLog(1500);
});
