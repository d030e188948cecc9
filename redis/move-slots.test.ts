import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterNode } from "./cluster-node.ts";
import { batchesOf, giveBack, type MoveEnd, moveSlots } from "./move-slots.ts";

/** An end of a move that records its commands, and has these keys until they are migrated or deleted. */
function end(
  id: string,
  keys: string[],
  log: string[],
  refuse: (command: string[]) => string | undefined = () => undefined,
): MoveEnd {
  const node: ClusterNode = {
    name: id,
    keysIn: async () => keys.map((key) => Buffer.from(key)),
    slotMigrations: () => assert.fail("the classic way"),
    send: async (...parts) => {
      const command = parts.map(String);
      log.push(`${id} ${command.join(" ")}`);
      const reason = refuse(command);
      if (reason !== undefined) throw new Error(reason);
      if (command[0] === "MEMORY") return 10;
      const gone = command[0] === "DEL" ? command.slice(1) : command.slice(command.indexOf("KEYS") + 1);
      if (command[0] === "MIGRATE" || command[0] === "DEL")
        keys.splice(0, keys.length, ...keys.filter((key) => !gone.includes(key)));
      return "OK";
    },
  };
  return { node, id, ip: `${id}.ip`, port: 6379 };
}

const login = { username: "ops", password: "secret" };

test("moveSlots lets the target in first at both ends, and logs the source in", async () => {
  const log: string[] = [];
  await moveSlots(end("from", ["a", "b"], log), end("to", [], log), [7], login);
  assert.deepEqual(log, [
    "to CLUSTER SETSLOT 7 IMPORTING from",
    "from CLUSTER SETSLOT 7 MIGRATING to",
    "from MEMORY USAGE a",
    "from MEMORY USAGE b",
    "from MIGRATE to.ip 6379  0 5001 REPLACE AUTH2 ops secret KEYS a b",
    "to CLUSTER SETSLOT 7 NODE to",
    "from CLUSTER SETSLOT 7 NODE to",
  ]);
});

test("moveSlots gives no slot away after a key could not be moved", async () => {
  const log: string[] = [];
  const from = end("from", ["a"], log, ([name]) => (name === "MIGRATE" ? "IOERR timeout" : undefined));
  await assert.rejects(moveSlots(from, end("to", [], log), [7], login), /IOERR/);
  assert.ok(log.every((line) => !line.includes("NODE")));
});

test("giveBack deletes a key that the owner has, too, and never replaces the owner's", async () => {
  const log: string[] = [];
  const from = end("from", ["a"], log, ([name]) =>
    name === "MIGRATE" ? "BUSYKEY Target key name already exists." : undefined,
  );
  await giveBack(from, end("to", [], log), [7], { username: "ops", password: undefined });
  assert.deepEqual(log, [
    "from MIGRATE to.ip 6379  0 5000 KEYS a",
    "from ASKING",
    "from DEL a",
    "from CLUSTER SETSLOT 7 STABLE",
  ]);
});

test("batchesOf limits the bytes of a batch, and gives a large key a batch of its own", () => {
  const keys = ["a", "b", "c", "d"].map((key) => Buffer.from(key));
  const mebibyte = 1024 ** 2;
  const batches = batchesOf(keys, [mebibyte / 2, mebibyte / 2, 5 * mebibyte, 1]);
  assert.deepEqual(
    batches.map(({ batch, bytes }) => [batch.join(), bytes]),
    [
      ["a,b", mebibyte],
      ["c", 5 * mebibyte],
      ["d", 1],
    ],
  );
});

test("moveSlots goes on when a key expires between two commands", async () => {
  const log: string[] = [];
  const from = end("from", ["a"], log, ([name]) => (name === "MEMORY" ? "ASK 7 to.ip:6379" : undefined));
  await moveSlots(from, end("to", [], log), [7], login);
  assert.equal(log.at(-1), "from CLUSTER SETSLOT 7 NODE to");
});
