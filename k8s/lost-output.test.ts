import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";

// Errors are logged as Pulumi's runtime logs them.
const program = `
import { endWithoutReader } from ${JSON.stringify(join(import.meta.dirname, "lost-output.ts"))};
endWithoutReader();
process.on("uncaughtException", (error) => console.error(error));
setInterval(() => console.error("running"), 10);
`;

test("the program ends when nothing reads its output any more", { timeout: 120_000 }, async (t) => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stderr, "data");
  child.stderr.destroy();
  assert.deepEqual(await once(child, "exit"), [1, null]);
});
