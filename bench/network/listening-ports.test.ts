import assert from "node:assert/strict";
import { test } from "node:test";
import { portsIn } from "./listening-ports.ts";

test("portsIn returns the ports of listening sockets that other machines reach", () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000 10001        0 1 1
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 10001        0 2 1
   2: 0A002A0A:18EB 0B002A0A:C350 01 00000000:00000000 00:00000000 00000000 10001        0 3 1
   3: 00000000000000000000000001000000:1538 00000000000000000000000000000000:0000 0A 0:0 00:0 0 10001 0 4 1
   4: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A 0:0 00:0 0 10001 0 5 1
`;
  assert.deepEqual(portsIn(table), [6379, 3000]);
});
