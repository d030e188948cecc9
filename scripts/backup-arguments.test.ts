import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBackupsCommand } from "./backup-arguments.ts";

test("npm run backups lists without a word, and takes now and restore with a name", () => {
  const wish = (...args: string[]) => parseBackupsCommand(args).wish;
  assert.deepEqual(wish(), { action: "list" });
  assert.deepEqual(wish("list"), { action: "list" });
  assert.deepEqual(wish("now", "--stack", "prod"), { action: "backup" });
  assert.deepEqual(wish("restore", "20261128T030000Z.dump"), {
    action: "restore",
    name: "20261128T030000Z.dump",
  });
});

test("npm run backups refuses other words, and names that lead out of the folder", () => {
  for (const args of [["restore"], ["restore", "../x.dump"], ["restore", "x"], ["now", "x"], ["delete"]])
    assert.throws(() => parseBackupsCommand(args), { exitCode: 2, message: /neither list, now nor restore/ });
});
