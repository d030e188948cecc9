import assert from "node:assert/strict";
import { test } from "node:test";
import { migrateSlots } from "./migrate-slots.ts";
import type { MoveEnd } from "./move-slots.ts";
import { isUnderWay, parseSlotMigrations } from "./slot-migrations.ts";

const [source, target] = [
  "5cdf5d92e1fb9d2224ea2dd877c32322ef47ea94",
  "e5b96293cc54413c5f85bc9660bec975e02695eb",
];
const lost =
  "Connection lost to target. Check CLUSTER GETSLOTMIGRATIONS on the target node for more information.";

/** An entry of GETSLOTMIGRATIONS as Valkey 9.1.2 replies to a client with RESP 2. */
function entry(name: string, state: string, message = "", operation = "EXPORT") {
  const nodes = ["slot_ranges", "0-9 20-29", "target_node", target, "source_node", source];
  const times = ["create_time", 1795788947, "last_update_time", 1795788947, "last_ack_time", 1795788947];
  const sizes = ["cow_size", 0, "remaining_repl_size", 0];
  const end = ["state", state, "message", message, ...sizes];
  return ["name", name, "operation", operation, ...nodes, ...times, ...end];
}

/** A node that replies with these lists, one after another; the last one again and again. */
function end(id: string, lists: unknown[], log: string[] = []): MoveEnd {
  const replies = [...lists];
  const node = {
    name: id,
    send: async (...parts: (string | Buffer)[]) => log.push(parts.join(" ")),
    keysIn: async () => assert.fail("in one step"),
    slotMigrations: async () => {
      const reply = replies.length > 1 ? replies.shift() : replies[0];
      if (reply instanceof Error) throw reply;
      return parseSlotMigrations(reply);
    },
  };
  return { node, id, ip: `${id}.ip`, port: 6379 };
}

test("migrateSlots starts one move at the source and waits for its end, beside those of before", async () => {
  const log: string[] = [];
  const before = entry("a", "failed", lost);
  const states = ["waiting-to-snapshot", "snapshotting", "replicating", "failover-granted", "success"];
  const lists = [[before], ...states.map((state) => [entry("b", state), before])];
  await migrateSlots(end("from", lists, log), end("to", [[]]), [0, 1, 2, 20, 21]);
  assert.deepEqual(log, ["CLUSTER MIGRATESLOTS SLOTSRANGE 0 2 20 21 NODE to"]);
});

test("migrateSlots fails with the reasons of both nodes", async () => {
  const from = end("from", [[], [entry("b", "failed", lost)]]);
  const to = end("to", [[entry("b", "failed", "Ran out of memory (OOM) during slot import", "IMPORT")]]);
  await assert.rejects(migrateSlots(from, to, [1]), {
    message: `the move of slots failed: ${lost} The target: Ran out of memory (OOM) during slot import`,
  });
  const cancelled = end("from", [[], [entry("b", "cancelled")]]);
  await assert.rejects(migrateSlots(cancelled, end("to", [new Error("closed")]), [1]), {
    message: "the move of slots cancelled: no reason given",
  });
});

test("migrateSlots fails when the source has restarted, and no longer knows of the move", async () => {
  const from = end("from", [[], [entry("b", "snapshotting")], []]);
  await assert.rejects(migrateSlots(from, end("to", [[]]), [1]), /no longer knows/);
});

test("parseSlotMigrations refuses other replies, and takes a message for no field", () => {
  assert.throws(() => parseSlotMigrations("OK"), SyntaxError);
  assert.throws(() => parseSlotMigrations([["name", "a", "state", "success"]]), /without operation/);
  const [migration] = parseSlotMigrations([entry("name", "snapshotting", "state")]);
  assert.deepEqual(migration, {
    name: "name",
    operation: "EXPORT",
    state: "snapshotting",
    message: "state",
    retries: 0,
  });
  assert.equal(migration && isUnderWay(migration), true);
});
