import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { redisReady } from "./programs.ts";

/** Whether the check succeeds when the node replies so; at the second try, it always does. */
function isReady(condition: "start" | "ready", replies: string[], tries = "1"): boolean {
  const folder = mkdtempSync(join(tmpdir(), "ready-"));
  try {
    writeFileSync(join(folder, "reply"), replies.map((reply) => `${reply}\r\n`).join(""));
    const good = "cluster_state:ok\\ncluster_slots_ok:16384\\nrole:master\\n";
    const client = `#!/bin/sh\ncat >/dev/null\ncat ${folder}/reply\nprintf '${good}' >${folder}/reply\n`;
    writeFileSync(join(folder, "redis-cli"), client, { mode: 0o755 });
    const env = { PATH: `${folder}:${process.env.PATH}` };
    const mark = join(folder, "starting");
    writeFileSync(mark, "starting\n");
    const { status } = spawnSync("sh", ["-uc", redisReady, "redis-ready", condition, mark, tries], { env });
    assert.equal(readFileSync(mark, "utf8") === "", condition === "start" && status === 0);
    return status === 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("redisReady needs a state that is ok and a replica's link, and all slots only at the start", () => {
  const all = "cluster_slots_ok:16384";
  for (const condition of ["start", "ready"] as const) {
    assert.ok(isReady(condition, ["cluster_state:ok", all, "role:master"]));
    assert.ok(isReady(condition, ["cluster_state:ok", all, "role:slave", "master_link_status:up"]));
    assert.ok(!isReady(condition, ["cluster_state:ok", all, "role:slave", "master_link_status:down"]));
    assert.ok(!isReady(condition, ["cluster_state:fail", all, "role:master"]));
    assert.ok(!isReady(condition, ["LOADING Redis is loading the dataset in memory"]));
    assert.ok(!isReady(condition, []));
  }
  assert.ok(isReady("ready", ["cluster_state:ok", "cluster_slots_ok:10923", "role:master"]));
  assert.ok(!isReady("start", ["cluster_state:ok", "cluster_slots_ok:10923", "role:master"]));
});

test("redisReady tries again as often as its parameter says", () => {
  assert.ok(!isReady("start", ["cluster_state:fail"], "1"));
  assert.ok(isReady("start", ["cluster_state:fail"], "2"));
});
