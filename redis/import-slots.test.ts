import assert from "node:assert/strict";
import { test } from "node:test";
import { importSlots } from "./import-slots.ts";
import type { MoveEnd } from "./move-slots.ts";
import { isUnderWay, parseSlotMigrations } from "./slot-migrations.ts";

const id = "24cf41718b20f7f05901743dffc40bc9b15db339";

/** An entry of CLUSTER MIGRATION STATUS as redis.io documents it for RESP 2. */
function entry(state: string, lastError = "", retries = 0, own = id) {
  const nodes = [
    "slots",
    "0-2 20-21",
    "source",
    "a".repeat(40),
    "dest",
    "b".repeat(40),
    "operation",
    "import",
  ];
  const times = ["create_time", 1795788947, "start_time", 1795788947, "end_time", 0, "write_pause_ms", 0];
  return ["id", own, ...nodes, "state", state, "last_error", lastError, "retries", retries, ...times];
}

/** A target that replies with these lists, one after another. */
function target(lists: unknown[], log: string[]): MoveEnd {
  const replies = [...lists];
  const node = {
    name: "to",
    send: async (...parts: (string | Buffer)[]) => {
      log.push(parts.join(" "));
      return id;
    },
    keysIn: async () => assert.fail("in one step"),
    slotMigrations: async () => parseSlotMigrations(replies.shift()),
  };
  return { node, id: "to", ip: "to.ip", port: 6379 };
}

test("importSlots starts one move at the target and waits for its end, beside others", async () => {
  const log: string[] = [];
  const other = entry("failed", "before", 0, "other");
  const lists = ["connecting", "accumulate-buffer", "takeover", "completed"].map((state) => [
    other,
    entry(state),
  ]);
  await importSlots(target(lists, log), [0, 1, 2, 20, 21]);
  assert.deepEqual(log, ["CLUSTER MIGRATION IMPORT 0 2 20 21"]);
});

test("importSlots gives up, and cancels the move, when the target has begun again and again", async () => {
  const log: string[] = [];
  const retrying = target(
    [[entry("connecting", "timeout", 4)], [entry("connecting", "Main channel lost", 5)]],
    log,
  );
  await assert.rejects(importSlots(retrying, [7]), {
    message: "the move of slots connecting: Main channel lost",
  });
  assert.deepEqual(log, ["CLUSTER MIGRATION IMPORT 7 7", `CLUSTER MIGRATION CANCEL ID ${id}`]);
});

test("importSlots fails when the move does, or when the target no longer knows it", async () => {
  await assert.rejects(importSlots(target([[entry("canceled")]], []), [7]), /canceled: no reason given/);
  await assert.rejects(importSlots(target([[]], []), [7]), /no longer knows/);
});

test("moves of Redis are under way until they are completed, failed or canceled", () => {
  const states = ["send-bulk-and-stream", "handoff", "completed", "failed", "canceled"];
  const moves = parseSlotMigrations(states.map((state) => entry(state)));
  assert.deepEqual(moves.map(isUnderWay), [true, true, false, false, false]);
});
