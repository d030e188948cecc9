import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { anyAddress } from "./any-address.ts";

test("anyAddress takes requests over IPv4, and over IPv6 where there is an address", async (t) => {
  const server = createServer((_request, response) => response.end("ok")).listen(0, anyAddress());
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), "ok");
  const loopbacks = Object.values(networkInterfaces()).flat();
  if (loopbacks.some((address) => address?.address === "::1"))
    assert.equal(await (await fetch(`http://[::1]:${port}`)).text(), "ok");
});

test("anyAddress is IPv4's where the kernel has no IPv6", () => {
  const [lo] = networkInterfaces().lo?.filter(({ family }) => family === "IPv4") ?? [];
  assert.equal(anyAddress({ lo: lo ? [lo] : [] }), "0.0.0.0");
});
