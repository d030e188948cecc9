import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
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

/** Sends bytes on a connection that then vanishes: with a reset, or in an orderly way. */
async function sendAndVanish(text: string, isReset: boolean, until: (socket: Socket) => Promise<unknown>) {
  const socket = connect({ port: gateway.port, host: "127.0.0.1" });
  socket.on("error", () => {});
  await once(socket, "connect");
  await new Promise<void>((resolve) => socket.write(text, () => resolve()));
  await until(socket);
  if (isReset) socket.resetAndDestroy();
  else socket.destroy();
}

/** Asserts that each request gets its own response, on connections that the vanished clients have used. */
async function assertServes(): Promise<void> {
  for (let index = 0; index < 20; index++) {
    const { status, body } = await gateway.request(`GET /api/after/${index} HTTP/1.1`);
    assert.deepEqual([status, JSON.parse(body).url], [200, `/after/${index}`]);
  }
  assert.doesNotMatch(gateway.log, /\[(alert|crit|emerg)\]/);
}

const soon = () => sleep(50);
for (const isReset of [true, false]) {
  const how = isReset ? "with a reset" : "in an orderly way";

  test(`a client that vanishes ${how} in a header or a buffered body reaches no pod`, async () => {
    const count = pod.received.length;
    const text = requestText("PUT /api/gone HTTP/1.1", ["Content-Length: 100000"]);
    for (const part of [text.slice(0, 20), text.slice(0, -2), `${text}x`, text + "x".repeat(50_000)])
      await Promise.all(Array.from({ length: 10 }, () => sendAndVanish(part, isReset, soon)));
    await assertServes();
    assert.deepEqual(
      pod.received.slice(count).filter(({ url }) => !url.startsWith("/after/")),
      [],
    );
  });

  test(`a client that vanishes ${how} in an upload ends it at the pod`, async () => {
    const ended: string[] = [];
    pod.handle = (request) => {
      if (request.url !== "/upload") return false;
      request.resume();
      request.on("close", () => ended.push(request.complete ? "complete" : "ended"));
      return true;
    };
    const count = pod.received.length;
    const text = requestText("POST /api/upload HTTP/1.1", ["Content-Length: 100000"]);
    await sendAndVanish(text + "x".repeat(50_000), isReset, async () => {
      while (pod.received.length === count) await sleep(10);
    });
    while (ended.length === 0) await sleep(10);
    pod.handle = () => false;
    assert.deepEqual(ended, ["ended"]);
    await assertServes();
  });

  test(`a client that vanishes ${how} in a response ends it at the pod`, async () => {
    let closed = 0;
    pod.handle = (request, response) => {
      if (request.url !== "/large") return false;
      response.writeHead(200, { "content-length": 1e9 }).write(Buffer.alloc(1e6));
      response.on("close", () => {
        closed += 1;
      });
      return true;
    };
    await sendAndVanish(requestText("GET /api/large HTTP/1.1"), isReset, (socket) => once(socket, "data"));
    while (closed === 0) await sleep(10);
    pod.handle = () => false;
    await assertServes();
  });
}
