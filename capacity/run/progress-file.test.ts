import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parseCapacityCommand } from "../command-line.ts";
import { sampleCapacityReport } from "../testing/sample-steps.ts";
import { ProgressKeeper, type RunIdentity } from "./progress-file.ts";

const { wish: _, resume: __, restore: ___, out: ____, ...options } = parseCapacityCommand([]).options;
const identity: RunIdentity = {
  stack: "uid-1",
  images: { api: ["api@sha256:1"] },
  sizes: { api: ['{"cpu":"1"}'] },
  scenario: "write-mix",
  gates: [{ metric: "p99", limit: 250 }],
  options,
};
const progress = { startedAt: "2026-11-28T00:00:00.000Z", steps: sampleCapacityReport().steps };

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "capacity-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

test("ProgressKeeper gives the steps back to a run of the same stack and options", async (t) => {
  const folder = await newFolder(t);
  await new ProgressKeeper("acme/breakwater/prod", identity, folder).write(progress);
  assert.deepEqual(await readdir(folder), ["steps-acme-breakwater-prod.json"]);
  assert.deepEqual(await new ProgressKeeper("acme/breakwater/prod", identity, folder).read(), progress);
});

test("ProgressKeeper refuses steps of another image or with other options, and names the difference", async (t) => {
  const folder = await newFolder(t);
  await new ProgressKeeper("local", identity, folder).write(progress);
  const read = (more: Partial<RunIdentity>) =>
    new ProgressKeeper("local", { ...identity, ...more }, folder).read();
  await assert.rejects(read({ images: { api: ["api@sha256:2"] } }), /measured with another images;/);
  await assert.rejects(read({ options: { ...options, durationSeconds: 20 } }), /another --duration;/);
  await assert.rejects(read({ stack: "uid-2" }), { name: "UserError", exitCode: 2 });
});

test("ProgressKeeper refuses to go on without steps", async (t) => {
  const keeper = new ProgressKeeper("local", identity, await newFolder(t));
  await assert.rejects(keeper.read(), /^UserError: --resume: .*steps-local\.json has no steps of a run$/);
});
