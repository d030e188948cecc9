import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { requestText } from "./raw-http.ts";
import { endHeaders, frame, RawHttp2, requestHeaders } from "./raw-http2.ts";

const light = "GET /api/light HTTP/1.1";
/** What each client does. */
const times = 20;
let pod: EchoPod;
let gateway: Gateway;

before(async () => {
  pod = await EchoPod.start();
  const settings = gatewaySettings(pod.port, {
    trustedProxies: ["127.0.0.0/8"],
    tls: { selfSigned: true, redirect: false, ticketKeyVersion: 1 },
  });
  settings.limits = { ...settings.limits, requestsPerSecond: 1, burst: 20, concurrentRequests: 1 };
  gateway = await Gateway.start(settings, ["127.0.0.1"], (conf) =>
    conf
      .replace(/rate=(\d+)r\/s/, "rate=$1r/m")
      .replace(/limit_conn (\w+_bodies) \d+;/g, "limit_conn $1 1;")
      .replace(/limit_conn streams \d+;/, "limit_conn streams 1;"),
  );
  await gateway.until("GET /healthz/started HTTP/1.1", ({ status }) => status === 200);
});
after(async () => {
  await gateway?.stop();
  pod?.stop();
});

const from = (index: number) => `X-Forwarded-For: 192.0.2.${index}`;

/** Sends bytes on a connection of its own, and waits until the gateway ends it, or for a while. */
async function sendBytes(port: number, bytes: Buffer): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {}).resume();
  socket.end(bytes);
  await Promise.race([once(socket, "close"), sleep(1000)]);
  socket.destroy();
}

/** A message of TLS. */
function record(type: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, 3, 1, content.length >> 8, content.length & 255]), content]);
}

const clients: Record<string, (index: number) => Promise<unknown>> = {
  "more requests than a client may send": () => gateway.request(light, from(1)),
  "more requests in progress than a client may have": async () => {
    pod.handle = ({ url }) => url === "/never";
    const waiting = gateway.request("GET /api/never HTTP/1.1", from(2));
    await sleep(20);
    assert.equal((await gateway.request(light, from(2))).status, 429);
    await waiting;
  },
  "a body that takes a file": (index) =>
    gateway.send(
      requestText("PUT /api/x HTTP/1.1", [from(10 + index), "Content-Length: 90000"]) + "x".repeat(90_000),
    ),
  "more bodies than there is room for": async (index) => {
    const text = requestText("PUT /api/x HTTP/1.1", [from(40 + index), "Content-Length: 90000"]);
    await Promise.all([
      gateway.send(text),
      gateway.request("PUT /api/x HTTP/1.1", from(70 + index), "Content-Length: 90000"),
    ]);
  },
  "more requests of HTTP/2 than there is room for": async (index) => {
    const client = await RawHttp2.open(gateway.tlsPort);
    const block = Buffer.concat([requestHeaders("POST", "/api/x")]);
    for (const stream of [1, 3, 5])
      await client.send(
        frame("headers", endHeaders, stream, block),
        frame("data", 0, stream, Buffer.from(String(index))),
      );
    await sleep(20);
    client.close();
  },
  "an address outside of the API": () => gateway.request("GET /x HTTP/1.1", from(3)),
  "no HTTP": () => sendBytes(gateway.port, Buffer.from("\x16\x03\x01\x02\0\r\n\r\n", "latin1")),
  "headers that are none": () => gateway.request("GET /api/light HTTP/1.1", "a b: c", "d"),
  "headers that are too large": () => gateway.request(light, `X-Large: ${"x".repeat(9000)}`),
  "no TLS": () => sendBytes(gateway.tlsPort, Buffer.from("hello\r\n\r\n")),
  "HTTP on the port of TLS": () => sendBytes(gateway.tlsPort, Buffer.from(requestText(light))),
  "a handshake of nothing": () => sendBytes(gateway.tlsPort, record(22, Buffer.from([1, 0, 0, 0]))),
  "a handshake of noise": (index) => sendBytes(gateway.tlsPort, record(22, Buffer.alloc(600, index + 1))),
  "an alert": () => sendBytes(gateway.tlsPort, record(21, Buffer.from([2, 80]))),
};

for (const [what, client] of Object.entries(clients))
  test(`a client with ${what} writes no line in the log`, async () => {
    const before = gateway.log;
    try {
      await Promise.all(Array.from({ length: times }, (_, index) => client(index)));
    } finally {
      pod.handle = () => false;
    }
    await sleep(50);
    assert.equal(gateway.log.slice(before.length), "");
  });

test("a pod that ends a request writes a line in the log", async () => {
  pod.handle = ({ url, socket }) => url === "/crash" && socket.destroy() !== undefined;
  await gateway.request("GET /api/crash HTTP/1.1", from(5));
  pod.handle = () => false;
  while (!gateway.log.includes("prematurely closed")) await sleep(20);
});
