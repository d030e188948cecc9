import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const home = await mkdtemp(join(tmpdir(), "needs-test-"));
process.env.BREAKWATER_HOME = home;
const { metricsServerIsNeeded, recordNeeds } = await import("./stack-needs.ts");
after(() => rm(home, { recursive: true }));

const stateOf = (stack: string): string => join(home, `${stack}-state.json`);
const record = (stack: string, metricsServer: boolean) =>
  recordNeeds({ stack, stateFile: stateOf(stack), metricsServer });

test("metrics-server is needed while a stack asks for it", async () => {
  assert.equal(await metricsServerIsNeeded(), false);
  await record("one", true);
  assert.equal(await metricsServerIsNeeded(), true);
  await record("one", true);
  await record("one", false);
  assert.equal(await metricsServerIsNeeded(), false);
});

test("a stack that does not ask leaves the needs of the others", async () => {
  await record("one", true);
  await writeFile(stateOf("one"), "{}");
  await record("two", false);
  assert.equal(await metricsServerIsNeeded(), true);
});

test("the needs of a stack end with its state", async () => {
  await record("one", true);
  await rm(stateOf("one"), { force: true });
  await record("two", false);
  assert.equal(await metricsServerIsNeeded(), false);
});

test("a needs file that was cut off asks for nothing, and does not stop other commands", async () => {
  await recordNeeds({ stack: "broken", stateFile: import.meta.filename, metricsServer: true });
  const file = join(home, "needs/broken.json");
  await writeFile(file, "");
  assert.equal(await metricsServerIsNeeded(), false);
  await recordNeeds({ stack: "broken", stateFile: import.meta.filename, metricsServer: true });
  assert.equal(await metricsServerIsNeeded(), true);
});
