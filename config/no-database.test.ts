import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOf } from "./testing/problems.ts";

test("validate refuses to have no database for the kit's own API, and what needs one", () => {
  const withoutDatabase = (database: object, contract: object = { live: "/live" }) =>
    problemsOf({ api: { contract }, database: { enabled: false, ...database } }).map(
      ({ path, rule }) => `${path} ${rule}`,
    );
  assert.deepEqual(withoutDatabase({ maxConnections: 20, memory: "128 MiB" }), []);
  assert.match(withoutDatabase({}, {}).join(), /^database\.enabled must be true without api\.contract\.live/);
  for (const [option, value] of Object.entries({
    url: "postgres://u:p@h/db",
    backup: { schedule: "0 3 * * *" },
  }))
    assert.match(withoutDatabase({ [option]: value }).join(), /^database\.\S+ is for a database, and/);
  const env = { PGHOST: "databaseHost" };
  assert.match(
    withoutDatabase({}, { live: "/live", env }).join(),
    /^api\.contract\.env\.PGHOST is not there/,
  );
});
