import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type RedisUser, redisUsers } from "../contract/redis-users.ts";
import { parseRedisUsers, renderPasswordHashes, renderRedisUsers } from "./redis-users.ts";

const passwords = Object.fromEntries(redisUsers.map((user) => [user, `secret-${user}`])) as Record<
  RedisUser,
  string
>;

test("renderRedisUsers turns `default` off, and gives each user a password by its hash and single commands", () => {
  const users = parseRedisUsers(renderRedisUsers("redis", passwords));
  assert.deepEqual(users[0], ["default", "off"]);
  assert.deepEqual(
    users.slice(1).map(([name]) => name),
    [...redisUsers],
  );
  for (const [name, state, hash, ...rules] of users.slice(1)) {
    const sha256 = createHash("sha256").update(`secret-${name}`).digest("hex");
    assert.deepEqual([state, hash], ["on", `#${sha256}`]);
    for (const rule of rules) assert.match(rule, /^([~&][\w:*-]+|\+[a-z]+([-|][a-z-]+)?)$/, name);
  }
});

test("renderRedisUsers names no command of Valkey to Redis, which would not start", () => {
  const [redis, valkey] = (["redis", "valkey"] as const).map((server) => renderRedisUsers(server, passwords));
  assert.doesNotMatch(redis ?? "", /syncslots/);
  assert.match(valkey ?? "", /cluster\|syncslots/);
});

test("renderPasswordHashes and renderRedisUsers have no password in clear, and refuse an empty one", () => {
  const text = renderRedisUsers("valkey", passwords) + renderPasswordHashes(passwords);
  assert.doesNotMatch(text, /secret/);
  assert.match(text, /^admin #[0-9a-f]{64}$/m);
  assert.throws(
    () => renderRedisUsers("redis", { ...passwords, api: "" }),
    /^TypeError: password: must not be empty$/,
  );
});

test("parseRedisUsers refuses what is no user", () => {
  for (const text of ["user", "user api", "requirepass x", "user default off\nx"])
    assert.throws(() => parseRedisUsers(text), /user NAME RULE/);
});
