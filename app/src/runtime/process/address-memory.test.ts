import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { AddressMemory } from "./address-memory.ts";

const address = (text: string): LookupAddress => ({ address: text, family: 4 });

/** A DNS server whose response is that of `respond`; none when that returns undefined. */
function memoryOf(respond: () => Error | LookupAddress[] | undefined) {
  const lookups: string[] = [];
  const memory = new AddressMemory((host, callback) => {
    lookups.push(host);
    const response = respond();
    if (response instanceof Error) setImmediate(callback, response, []);
    else if (response !== undefined) setImmediate(callback, null, response);
  });
  const find = (host: string) =>
    new Promise<string | LookupAddress[]>((resolve, reject) => {
      memory.lookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
    });
  return { memory, find, lookups };
}

test("AddressMemory follows DNS while that responds", async () => {
  let current = "192.0.2.1";
  const { find } = memoryOf(() => [address(current)]);
  assert.deepEqual(await find("database"), [address("192.0.2.1")]);
  current = "192.0.2.2";
  assert.deepEqual(await find("database"), [address("192.0.2.2")]);
});

test("AddressMemory returns the last known addresses when DNS fails, and the error without any", async () => {
  let isDown = false;
  const { find } = memoryOf(() => (isDown ? new Error("EAI_AGAIN") : [address("192.0.2.1")]));
  await find("database");
  isDown = true;
  assert.deepEqual(await find("database"), [address("192.0.2.1")]);
  await assert.rejects(find("other"), /EAI_AGAIN/);
});

test("AddressMemory returns the last known addresses when DNS is silent, with a single lookup in progress", async () => {
  let isSilent = false;
  const { find, lookups } = memoryOf(() => (isSilent ? undefined : [address("192.0.2.1")]));
  await find("database");
  isSilent = true;
  const found = await Promise.all([find("database"), find("database"), find("database")]);
  assert.deepEqual(found, Array(3).fill([address("192.0.2.1")]));
  assert.equal(lookups.length, 2);
});

test("AddressMemory connects a socket by the last known addresses", async () => {
  const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  let isDown = false;
  const { memory } = memoryOf(() => (isDown ? new Error("EAI_AGAIN") : [address("127.0.0.1")]));
  try {
    for (isDown of [false, true]) {
      const socket = memory.socket();
      socket.connect(port, "database");
      const [text] = await once(socket.setEncoding("utf8"), "data");
      assert.equal(text, "hello");
      socket.destroy();
    }
  } finally {
    server.close();
  }
});

test("AddressMemory returns no address of a host that does not exist any more", async () => {
  let isGone = false;
  const gone: NodeJS.ErrnoException = Object.assign(new Error("gone"), { code: "ENOTFOUND" });
  const { find } = memoryOf(() => (isGone ? gone : [address("192.0.2.1")]));
  await find("redis-0");
  isGone = true;
  await assert.rejects(find("redis-0"), gone);
});

test("AddressMemory leaves threads free while the lookups of many hosts hang", async () => {
  const hanging: (() => void)[] = [];
  const started: string[] = [];
  const memory = new AddressMemory((host, callback) => {
    started.push(host);
    hanging.push(() => callback(null, [address("192.0.2.1")]));
  }, 2);
  const find = (host: string) =>
    new Promise((resolve) => memory.lookup(host, { all: true }, (_, addresses) => resolve(addresses)));
  const found = ["a", "b", "c", "d"].map(find);
  assert.deepEqual(started, ["a", "b"]);
  for (let host = 0; host < 4; host++) hanging[host]?.();
  assert.deepEqual(await Promise.all(found), Array(4).fill([address("192.0.2.1")]));
  assert.deepEqual(started, ["a", "b", "c", "d"]);
});
