import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { validate } from "../../config/validate.ts";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { type RawResponse, requestText } from "./raw-http.ts";

const own = {
  "X-Quotes": `say "a\\b" 'c' {d}; #e`,
  "X-Long": "x".repeat(1500),
  "Strict-Transport-Security": "max-age=60",
};
const { securityHeaders, limits } = validate({
  nginx: {
    securityHeaders: own,
    limits: { requestsPerSecond: 1, burst: 1000, concurrentRequests: 2 },
    serviceType: "NodePort",
  },
}).nginx;

let pod: EchoPod;
let gateway: Gateway;
before(async () => {
  pod = await EchoPod.start();
  gateway = await Gateway.start(
    gatewaySettings(pod.port, { securityHeaders, limits, methods: ["GET", "HEAD", "POST"], timeout: 500 }),
  );
  await gateway.until("GET /healthz/started HTTP/1.1", ({ status }) => status === 200);
});
after(async () => {
  await gateway?.stop();
  pod?.stop();
});

function assertHeaders(response: RawResponse, status: number): void {
  assert.equal(response.status, status, response.body);
  for (const [name, value] of Object.entries(securityHeaders))
    assert.equal(response.headers.get(name.toLowerCase()), value, name);
}

const long = "x".repeat(9000);
for (const [what, status, text] of [
  ["a pod's response", 200, requestText("GET /api/light HTTP/1.1")],
  ["a response without a body", 200, requestText("HEAD /api/light HTTP/1.1")],
  ["the health check", 200, requestText("GET /healthz HTTP/1.1")],
  ["an unknown path", 404, requestText("GET / HTTP/1.1")],
  ["a method that Nginx refuses itself", 405, requestText("TRACE /api/light HTTP/1.1")],
  ["a method that is not listed", 405, requestText("DELETE /api/light HTTP/1.1")],
  ["what is no HTTP", 400, "nonsense\r\n\r\n"],
  ["a long address", 414, requestText(`GET /api/${long} HTTP/1.1`)],
  ["a large header", 431, requestText("GET /api/light HTTP/1.1", [`X-Large: ${long}`])],
  ["a body that is too large", 413, requestText("POST /api/x HTTP/1.1", ["Content-Length: 99999999"])],
] as const)
  test(`${what} has the security headers as they were given`, async () => {
    assertHeaders(await gateway.send(text), status);
  });

test("a client that is refused gets the security headers", async () => {
  pod.handle = ({ url }) => url === "/never";
  const waiting = [1, 2].map(() => gateway.request("GET /api/never HTTP/1.1"));
  while (pod.received.filter(({ url }) => url === "/never").length < 2) await sleep(10);
  assertHeaders(await gateway.request("GET /api/light HTTP/1.1"), 429);
  for (const response of await Promise.all(waiting)) assertHeaders(response, 504);
});

test("a response has a security header once, with the pod's value, when the pod sends it", async () => {
  pod.handle = (_, response) => {
    response.writeHead(200, { "x-quotes": "own", "referrer-policy": "origin", "content-length": 0 }).end();
    return true;
  };
  const { status, lines } = await gateway.request("GET /api/x HTTP/1.1");
  pod.handle = () => false;
  assert.equal(status, 200);
  const values = (name: string) => lines.filter((line) => line.toLowerCase().startsWith(`${name}:`));
  assert.deepEqual(values("x-quotes"), ["x-quotes: own"]);
  assert.deepEqual(values("referrer-policy"), ["referrer-policy: origin"]);
  assert.deepEqual(values("x-content-type-options"), ["X-Content-Type-Options: nosniff"]);
});

test("an error has the security headers when the pod sent them in a response that Nginx could not read", async () => {
  const broken = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => socket.end("HTTP/1.1 200 OK\r\nReferrer-Policy: origin\r\nno header\r\n\r\n"));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => broken.once("listening", resolve));
  const address = broken.address();
  assert.ok(address !== null && typeof address === "object");
  const second = await Gateway.start(gatewaySettings(address.port, { securityHeaders }));
  try {
    assertHeaders(
      await second
        .until("GET /api/x HTTP/1.1", ({ status }) => status === 503)
        .then(() => second.request("GET /api/x HTTP/1.1")),
      503,
    );
  } finally {
    await second.stop();
    broken.close();
  }
});

test("no response has a header that was removed", async () => {
  const none = { "X-Content-Type-Options": "", "Referrer-Policy": "", "Content-Security-Policy": "" };
  const bare = await Gateway.start(gatewaySettings(pod.port, { securityHeaders: none }));
  try {
    for (const path of ["/api/light", "/", "/healthz"]) {
      const { headers } = await bare.request(`GET ${path} HTTP/1.1`);
      for (const name of Object.keys(none)) assert.equal(headers.get(name.toLowerCase()), undefined, name);
    }
  } finally {
    await bare.stop();
  }
});

test("a method that is not listed gets a 405 with those that are, and reaches no pod", async () => {
  const before = pod.received.length;
  for (const method of ["PUT", "DELETE", "PROPFIND", "GETS"]) {
    const response = await gateway.request(`${method} /api/light HTTP/1.1`, "Content-Length: 0");
    assert.equal(response.status, 405);
    assert.equal(response.headers.get("allow"), "GET, HEAD, POST");
    assert.equal(JSON.parse(response.body).error, "Method Not Allowed");
  }
  assert.equal((await gateway.request("PUT /api/upload HTTP/1.1", "Content-Length: 0")).status, 405);
  assert.equal(pod.received.length, before);
  for (const method of ["GET", "POST"])
    assert.equal((await gateway.request(`${method} /api/light HTTP/1.1`, "Content-Length: 0")).status, 200);
});
