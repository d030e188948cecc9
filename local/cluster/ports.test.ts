import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { conflicts, parseListeners, requireFreePorts } from "./ports.ts";

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 41093 1 ffff 100 0 0 10 0
   1: 01002A0A:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 52001 1 ffff 100 0 0 10 0
   2: 0100007F:1388 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 41094 1 ffff 20 4 30 10 -1
`;

test("parseListeners reads address, port and inode of listening sockets only", () => {
  assert.deepEqual(parseListeners(table), [
    { address: "127.0.0.1", port: 5000, inode: "41093" },
    { address: "10.42.0.1", port: 6443, inode: "52001" },
  ]);
});

test("parseListeners reads the IPv6 address of all interfaces as ::", () => {
  const any = `header\n   0: ${"0".repeat(32)}:0035 ${"0".repeat(32)}:0000 0A 0:0 00:0 0 0 0 77 1\n`;
  assert.deepEqual(parseListeners(any), [{ address: "::", port: 53, inode: "77" }]);
});

test("conflicts is true on the same address and when the listener uses all addresses", () => {
  const wanted = { address: "127.0.0.1", port: 5000 };
  assert.equal(conflicts(wanted, wanted), true);
  assert.equal(conflicts({ address: "0.0.0.0", port: 5000 }, wanted), true);
  assert.equal(conflicts({ address: "::", port: 5000 }, wanted), true);
  assert.equal(conflicts({ address: "10.42.0.1", port: 5000 }, wanted), false);
  assert.equal(conflicts({ address: "127.0.0.1", port: 5001 }, wanted), false);
});

test("requireFreePorts names the process that listens on a needed port", async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  await assert.rejects(requireFreePorts("registry", [{ address: "127.0.0.1", port: address.port }]), {
    message: new RegExp(
      `^registry needs TCP port ${address.port} on 127\\.0\\.0\\.1, which is in use by pid ${process.pid} \\(`,
    ),
  });
});
