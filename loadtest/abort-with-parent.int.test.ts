import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const watched = pathToFileURL(join(import.meta.dirname, "abort-with-parent.ts")).href;
const script = `
import { abortWithParent } from ${JSON.stringify(watched)};
const controller = new AbortController();
abortWithParent(controller);
const keepAlive = setInterval(() => {}, 1000);
controller.signal.addEventListener("abort", () => { console.log("aborted"); clearInterval(keepAlive); });
console.log("started");
`;

test("abortWithParent aborts when the parent is killed, and not before", async () => {
  const line = ["-c", '"$0" --input-type=module-typescript -e "$1" & wait', process.execPath, script];
  const parent = spawn("sh", line, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  parent.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (output === "started\n") setTimeout(() => parent.kill("SIGKILL"), 1500);
  });
  // The pipe closes with the last process that has it.
  await once(parent.stdout, "close");
  assert.equal(output, "started\naborted\n");
});
