import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { TopologyRefused } from "./actions.ts";
import { awaitTopology } from "./await-topology.ts";
import type { ControllerStatus } from "./controller.ts";

const settled: ControllerStatus = {
  shape: "3 shards of 1 + 1",
  state: "settled",
  reason: "",
  progress: undefined,
  actions: 0,
  ageMs: 0,
  size: undefined,
};

/** Waits with a controller that reports these states one after another, the last for ever. @returns what was logged */
async function awaited(
  t: TestContext,
  states: Partial<ControllerStatus>[],
  timeoutMs = 10_000,
): Promise<string[]> {
  const left = [...states];
  const server = createServer((_request, response) => {
    const state = left.length > 1 ? left.shift() : left[0];
    response.end(JSON.stringify({ ...settled, ...state }));
  });
  server.listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const lines: string[] = [];
  const controllerUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const shape = { shards: 3, replicasPerShard: 1 };
  await awaitTopology({ ...shape, controllerUrl, timeoutMs, log: (line) => lines.push(line) });
  return lines;
}

test("awaitTopology waits for the wanted shape, the lease and a new observation, and shows progress", async (t) => {
  const progress = { movedSlots: 1024, allSlots: 4096, bytesLeft: 3 * 2 ** 20 };
  const lines = await awaited(t, [
    { shape: "5 shards of 1 + 1" },
    { state: "standby", reason: "a to end" },
    { ageMs: 60_000 },
    { state: "waiting", reason: "1 of 6 nodes (redis-5)" },
    { state: "working", progress },
    {},
  ]);
  assert.deepEqual(lines, [
    "waiting for the controller to want 3 shards of 1 + 1",
    "waiting for a controller with the lease (a to end)",
    "waiting for the controller to look at all nodes",
    "waiting for 1 of 6 nodes (redis-5)",
    "slots 1,024/4,096 moved, 3 MiB left",
  ]);
});

test("awaitTopology fails with the controller's reason when the shape is refused", async (t) => {
  await assert.rejects(
    awaited(t, [{ state: "refused", reason: "too small" }]),
    new TopologyRefused("too small"),
  );
});

test("awaitTopology gives up when the controller does nothing, and says what it waits for", async (t) => {
  await assert.rejects(awaited(t, [{ state: "waiting", reason: "node b" }], 10), {
    message: "not done after 0.01 s without progress: still waiting for node b",
  });
});

test("awaitTopology names a controller that does not respond", async () => {
  const wanted = { controllerUrl: "http://127.0.0.1:1", shards: 3, replicasPerShard: 1 };
  await assert.rejects(awaitTopology({ ...wanted, timeoutMs: 10, log: () => undefined }), {
    message: /still waiting for the controller \(/,
  });
});
