// Needs a process of its own: it ends the programs of this process.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCommand } from "./run-command.ts";
import { together } from "./together.ts";

test("together returns the results in their order", async () => {
  const later = new Promise<string>((resolve) => setTimeout(() => resolve("slow"), 20));
  assert.deepEqual(
    await together(
      () => later,
      async () => 2,
    ),
    ["slow", 2],
  );
});

test("together ends the programs of the other pieces, waits for them and throws the first error only", async () => {
  const order: string[] = [];
  const slow = async (): Promise<void> => {
    try {
      await runCommand("sleep", ["300"]);
    } finally {
      order.push("ended");
    }
  };
  const failing = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    order.push("failed");
    throw new Error("no space");
  };
  await assert.rejects(together(slow, failing, slow), /^Error: no space$/);
  assert.deepEqual(order, ["failed", "ended", "ended"]);
});
