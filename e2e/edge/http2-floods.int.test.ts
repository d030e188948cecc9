import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { MiB } from "../../config/units.ts";
import { validate } from "../../config/validate.ts";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { endHeaders, endStream, frame, header, RawHttp2, requestHeaders } from "./raw-http2.ts";

const light = "GET /api/light HTTP/1.1";
let pod: EchoPod;
let gateway: Gateway;
before(async () => {
  pod = await EchoPod.start();
  const { nginx } = validate({ nginx: { tls: { selfSigned: true, redirect: false } } });
  gateway = await Gateway.start({ ...gatewaySettings(pod.port), ...nginx });
  await gateway.until(light, ({ status }) => status === 200);
});
after(async () => {
  await gateway?.stop();
  pod?.stop();
});

const cancel = Buffer.from([0, 0, 0, 8]);
const whole = endHeaders | endStream;
const block = requestHeaders("GET", "/api/flood");
const times = (count: number, each: (index: number) => Buffer) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => each(index)));
/** The `index`-th hundred of requests that are reset at once. */
const resets = (index: number) =>
  times(100, (each) => {
    const stream = 2 * (100 * index + each) + 1;
    return Buffer.concat([frame("headers", whole, stream, block), frame("reset", 0, stream, cancel)]);
  });
const manyHeaders = times(100, (index) => header(`x-${index}`, "v".repeat(100)));
/** A header of 3,900 bytes, and 1,000 more times the same one by a byte each. */
const bomb = Buffer.concat([block, header("x-a", "v".repeat(3900), true), Buffer.alloc(1000, 0xbe)]);

interface Flood {
  what: string;
  count: number;
  first?: Buffer;
  next: (index: number) => Buffer;
  reads?: boolean;
}

const ping = frame("ping", 0, 0, Buffer.alloc(8));
const settings = frame("settings", 0, 0, Buffer.from([0, 4, 0, 0, 255, 255]));
const open = frame("headers", endStream, 1, block);
const floods: readonly Flood[] = [
  { what: "20,000 requests that are reset at once", count: 200, next: resets },
  {
    what: "headers without an end",
    count: 500,
    first: open,
    next: () => frame("continuation", 0, 1, manyHeaders),
  },
  {
    what: "a million frames of headers without a header",
    count: 1000,
    first: open,
    next: () => times(1000, () => frame("continuation", 0, 1)),
  },
  {
    what: "headers that are small only on the wire",
    count: 1000,
    next: (index) => frame("headers", whole, 2 * index + 1, bomb),
  },
  { what: "300,000 pings", count: 300, next: () => times(1000, () => ping) },
  { what: "300,000 settings", count: 300, next: () => times(1000, () => settings) },
  { what: "300,000 pings without reading", count: 300, next: () => times(1000, () => ping), reads: false },
  {
    what: "300,000 settings without reading",
    count: 300,
    next: () => times(1000, () => settings),
    reads: false,
  },
];

for (const { what, count, first = Buffer.alloc(0), next, reads = true } of floods)
  test(`the gateway serves others in its memory when a client of HTTP/2 sends ${what}, and ends its connection`, async () => {
    const before = gateway.memoryBytes();
    pod.received.length = 0;
    const client = await RawHttp2.open(gateway.tlsPort, { reads });
    try {
      await client.send(first);
      for (let sent = 0; sent < count && !client.isClosed; sent++) {
        await client.send(next(sent));
        await sleep(0);
      }
      assert.equal((await gateway.request(light)).status, 200);
      const grown = gateway.memoryBytes() - before;
      assert.ok(grown < 4 * MiB, `${grown} bytes`);
      const flooded = pod.received.filter(({ url }) => url === "/flood").length;
      assert.ok(flooded < 2000, `${flooded} requests reached the pod`);
      // Nginx takes what still comes for some seconds after the end, so only a client that reads sees it.
      if (!reads) client.read();
      for (let waits = 0; !client.isClosed && waits < 100; waits++) {
        await client.send(next(count));
        await sleep(20);
      }
      assert.ok(client.isClosed);
    } finally {
      client.close();
    }
  });
