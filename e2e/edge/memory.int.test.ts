import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { derivePools } from "../../config/derive.ts";
import { gatewayMemory, openConnections } from "../../config/gateway-memory.ts";
import { MiB } from "../../config/units.ts";
import { validate } from "../../config/validate.ts";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { requestText } from "./raw-http.ts";
import { endHeaders, frame, header, RawHttp2, requestHeaders } from "./raw-http2.ts";

const light = "GET /api/light HTTP/1.1";
let pod: EchoPod;
before(async () => {
  pod = await EchoPod.start();
});
after(() => pod?.stop());

/** Runs a test with a gateway of 64 MiB, and checks that it took no more. @param body returns how many connections it has. */
async function within64(
  tls: object,
  body: (gateway: Gateway, connections: number) => Promise<{ close(): void }[]>,
) {
  const config = validate({ nginx: { memory: "64 MiB", tls } });
  const pools = derivePools(config.api);
  const connections = openConnections(config.nginx, pools);
  assert.ok(connections < 4096 && gatewayMemory(config.nginx, pools) <= 64 * MiB);
  const gateway = await Gateway.start({ ...gatewaySettings(pod.port), ...config.nginx });
  const clients: { close(): void }[] = [];
  try {
    await gateway.until(light, ({ status }) => status === 200);
    clients.push(...(await body(gateway, connections)));
    await sleep(500);
    const taken = gateway.memoryBytes();
    assert.ok(taken <= 64 * MiB, `${taken / MiB} MiB with ${clients.length} connections`);
    assert.ok(taken > 24 * MiB, `only ${taken / MiB} MiB with ${clients.length} connections`);
    assert.equal((await gateway.request(light)).status, 200);
  } finally {
    for (const client of clients) client.close();
    await gateway.stop();
  }
}

test("the gateway takes no more than its memory when all clients have large headers on the way", () =>
  within64({}, async (gateway, connections) => {
    const line = `X-Long: ${"v".repeat(7500)}\r\n`;
    const text = `${requestText(light).slice(0, -2)}${line.repeat(4)}`;
    // Some are left for the client that is served.
    return open(connections - 50, () => raw(gateway.port, text));
  }));

test("the gateway takes no more than its memory when all clients begin the longest handshake of TLS", () =>
  within64({ selfSigned: true, redirect: false }, async (gateway, connections) => {
    const hello = Buffer.concat([Buffer.from([1, 1, 255, 0, 3, 3]), Buffer.alloc(128_000)]);
    const records = Array.from({ length: 8 }, (_, index) => {
      const part = hello.subarray(index * 16_000, (index + 1) * 16_000);
      return Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part]);
    });
    return open(connections - 50, () => raw(gateway.tlsPort, Buffer.concat(records)));
  }));

test("the gateway takes no more than its memory when clients of HTTP/2 begin as many requests as they may", () =>
  within64({ selfSigned: true, redirect: false }, async (gateway, connections) => {
    const block = Buffer.concat([requestHeaders("POST", "/api/x"), header("x-a", "v".repeat(7500))]);
    return open(connections - 50, async (index) => {
      const client = await RawHttp2.open(gateway.tlsPort);
      const streams = Array.from({ length: index < 40 ? 100 : 0 }, (_, stream) => 2 * stream + 1);
      for (const stream of streams)
        await client.send(
          frame("headers", endHeaders, stream, block),
          frame("data", 0, stream, Buffer.from("x")),
        );
      return client;
    });
  }));

function raw(port: number, bytes: string | Buffer): Promise<{ close(): void }> {
  const socket: Socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => socket.destroy());
  socket.write(bytes);
  return Promise.resolve({ close: () => socket.destroy() });
}

async function open(
  count: number,
  one: (index: number) => Promise<{ close(): void }>,
): Promise<{ close(): void }[]> {
  const clients: { close(): void }[] = [];
  for (let index = 0; index < count; index++) {
    clients.push(await one(index));
    if (index % 50 === 49) await sleep(20);
  }
  return clients;
}
