import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { pollUntil } from "../host/poll.ts";

const program = (work: string): string => `import * as turns from "${import.meta.dirname}/turns.ts";
  const hold = () => new Promise((resolve) => { setInterval(() => {}, 1000); process.stdin.once("data", resolve); });
  ${work}; process.exit();`;
const until = (what: string, attempt: () => boolean): Promise<unknown> =>
  pollUntil({ what, fix: "", timeoutMs: 30_000, intervalMs: 20 }, async () => attempt());

test("down waits until no command uses the cluster, and a later up until down has ended", async (t) => {
  // Locks belong to a network namespace. In one of its own, the commands of this machine do not matter.
  const run = (event: string, namespace: readonly string[], work: string) => {
    const [file = "", ...args] = [...namespace, process.execPath, "--input-type=module", "-e", program(work)];
    const child = spawn(file, args, { env: { ...process.env, npm_lifecycle_event: event } });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    t.after(() => child.kill("SIGKILL"));
    return { child, output: () => output };
  };
  const prepare = `await turns.inTurn("prepares the cluster", () => turns.useCluster("uses the cluster"))`;
  const start = run("start", ["unshare", "--net"], `${prepare}; console.log("ready"); await hold()`);
  await until("npm start", () => start.output().includes("ready"));

  const same = ["nsenter", `--net=/proc/${start.child.pid}/ns/net`];
  const prune = `await turns.ifAlone("prunes", async () => console.log("prunes")); console.log("done")`;
  const during = run("up", same, prune);
  await once(during.child, "close");
  assert.equal(during.output(), "done\n");

  const stop = `await turns.whenUnused("stops the cluster", async () => { console.log("stops"); await hold(); })`;
  const down = run("down", same, stop);
  await until("npm run down to wait", () => down.output().includes("waiting"));
  assert.equal(down.output(), `  … waiting for npm start (pid ${start.child.pid}), which uses the cluster\n`);
  const up = run("up", same, `${prepare}; console.log("ready")`);
  await until("npm run up to wait", () => up.output().includes("waiting"));
  assert.match(
    up.output(),
    /waiting for npm run down \(pid \d+\), which stops the cluster: Wait for npm start/,
  );

  start.child.kill("SIGKILL");
  await until("npm run down", () => down.output().includes("stops"));
  assert.doesNotMatch(up.output(), /ready/);
  down.child.stdin.write("go on\n");
  await once(up.child, "close");
  // Its namespace ends with its last process, so this one is in a new namespace, where it is alone.
  const alone = run("up", ["unshare", "--net"], prune);
  await once(alone.child, "close");
  assert.equal(alone.output(), "prunes\ndone\n");
  assert.match(up.output(), /ready\n$/);
});
