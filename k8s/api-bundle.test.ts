import assert from "node:assert/strict";
import { chmodSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writeApiBundle } from "./api-bundle.ts";

const projectRoot = join(import.meta.dirname, "..");

test("writeApiBundle writes files that every user may read, also where a umask of 077 had made them", async () => {
  const folder = join(projectRoot, (await writeApiBundle(projectRoot)).context);
  const modes = () =>
    readdirSync(folder).map((name) => `${name} ${(statSync(join(folder, name)).mode & 0o777).toString(8)}`);
  const usual = modes();
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o600);
  await writeApiBundle(projectRoot);
  assert.deepEqual(modes(), usual);
  for (const mode of usual) assert.match(mode, / 644$/);
});
