import assert from "node:assert/strict";
import { test } from "node:test";
import { PendingInvalidations } from "./pending-invalidations.ts";

/** Lets promises that are settled go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test("PendingInvalidations repeats the first failure after a moment, and later ones less and less often", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let isUp = false;
  let tries = 0;
  const pending = new PendingInvalidations(async () => {
    tries++;
    if (!isUp) throw new Error("the primary hands over");
  });
  const triesAfter = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 5) {
      context.mock.timers.tick(5);
      await settle();
    }
    return tries;
  };
  assert.equal(await pending.deliver("user"), false);
  assert.equal(tries, 1);
  assert.equal(await triesAfter(25), 2);
  assert.equal(await triesAfter(50), 3);
  // In an outage of a minute, no more than four tries a second.
  const before = await triesAfter(1000);
  assert.equal((await triesAfter(60_000)) - before, 240);
  isUp = true;
  await triesAfter(250);
  assert.equal(pending.size, 0);
  isUp = false;
  const calm = tries;
  assert.equal(await pending.deliver("user"), false);
  assert.equal((await triesAfter(25)) - calm, 2);
  await pending.close(0);
});
