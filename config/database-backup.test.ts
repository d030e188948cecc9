import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOf } from "./testing/problems.ts";

const problems = (database: object) => problemsOf({ database }).map(({ path, rule }) => `${path} ${rule}`);

test("validate takes the schedules that Kubernetes takes, and no others", () => {
  for (const schedule of ["0 3 * * *", "*/15 0-6,22 1,15 */2 1-5", "@daily", "59 23 31 12 6"])
    assert.deepEqual(problems({ backup: { schedule } }), [], schedule);
  for (const schedule of [
    "",
    "3 am",
    "60 3 * * *",
    "0 24 * * *",
    "0 3 0 * *",
    "0 3 * 13 *",
    "0 3 * * 7",
    "0 3 * *",
    "@reboot",
    "0 3 * * * *",
  ])
    assert.match(
      problems({ backup: { schedule } }).join(),
      /database\.backup\.schedule must have the five fields/,
      schedule,
    );
});

test("validate refuses backups of a database outside the stack", () => {
  const url = "postgres://user:password@db.example.org/app";
  assert.match(
    problems({ url, backup: { schedule: "@daily" } }).join(),
    /backup\.schedule is for the stack's own database/,
  );
  assert.deepEqual(problems({ url, backup: { keep: 3 } }), []);
});
