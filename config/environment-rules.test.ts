import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOf } from "./testing/problems.ts";

const problems = (env: object, more: object = {}, api: object = {}) =>
  problemsOf({ api: { contract: { live: "/live", env }, ...api }, ...more }).map(
    ({ path, rule, fix }) => `${path} ${rule}; ${fix}`,
  );
const outside = (url: string) => ({ database: { url } });

test("validate takes variables of any name with the stack's values, also those that are set in any case", () => {
  const env = { PGHOST: "databaseHost", DATABASE_URL: "databaseUrl", REDIS_NODES: "redisNodes" };
  assert.deepEqual(problems(env), []);
  assert.deepEqual(problems({ REDIS_URL: "redisUrl" }, { redis: { shards: 1, replicasPerShard: 0 } }), []);
});

for (const [what, found, expected] of [
  [
    "a value that the stack does not have",
    problems({ PGHOST: "databaseHosts" }),
    /must be one of .*did you mean databaseHost\?/,
  ],
  ["a name that is none", problems({ "A-B": "redisHost" }), /must be a variable name/],
  [
    "a variable of the stack with another value",
    problems({ REDIS_NODES: "redisNode" }),
    /is set by redis\.shards; remove it/,
  ],
  ["a variable of the stack itself", problems({ PORT: "redisPort" }), /is set by the stack itself/],
  [
    "a variable of api.env",
    problems({ CACHE: "redisHost" }, {}, { env: { CACHE: "x" } }),
    /CACHE is a variable of api\.env, too; remove it/,
  ],
  [
    "the URL of a single Redis of a cluster",
    problems({ REDIS_URL: "redisUrl" }),
    /needs redis\.shards 1, and it is 3/,
  ],
  [
    "a user that the database's URL does not have",
    problems({ PGUSER: "databaseUser" }, outside("postgres://h/db")),
    /must be in database\.url/,
  ],
  [
    "a URL that has no such port",
    problems({ PGPORT: "databasePort" }, outside("postgres://u:p@h:99999/db")),
    /cannot be read from database\.url/,
  ],
] as const)
  test(`validate refuses ${what}`, () => {
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", /^api\.contract\.env\./);
    assert.match(found[0] ?? "", expected);
  });
