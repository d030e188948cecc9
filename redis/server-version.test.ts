import assert from "node:assert/strict";
import { test } from "node:test";
import { migrationsCommand, movesInOneStep, parseServerVersion } from "./server-version.ts";

test("the version decides how slots move: Valkey from 9.1.2 and Redis from 8.4.1 in one step", () => {
  const infoOf = (redis: string, valkey?: string) =>
    `# Server\r\nredis_version:${redis}\r\n${valkey === undefined ? "" : `server_name:valkey\r\nvalkey_version:${valkey}\r\n`}`;
  const ofValkey = "CLUSTER GETSLOTMIGRATIONS";
  const ofRedis = "CLUSTER MIGRATION STATUS ALL";
  const cases = [
    [infoOf("8.0.2"), "redis", undefined, false],
    [infoOf("8.3.9"), "redis", undefined, false],
    [infoOf("8.4.0"), "redis", ofRedis, false],
    [infoOf("8.4.1"), "redis", ofRedis, true],
    [infoOf("10.0.0"), "redis", ofRedis, true],
    [infoOf("7.2.4", "8.1.9"), "valkey", undefined, false],
    [infoOf("7.2.4", "9.0.5"), "valkey", ofValkey, false],
    [infoOf("7.2.4", "9.1.1"), "valkey", ofValkey, false],
    [infoOf("7.2.4", "9.1.2"), "valkey", ofValkey, true],
    [infoOf("7.2.4", "9.1.10"), "valkey", ofValkey, true],
    [infoOf("7.2.4", "10.0.0"), "valkey", ofValkey, true],
  ] as const;
  for (const [info, name, command, moves] of cases) {
    const server = parseServerVersion(info);
    assert.deepEqual(
      [server.name, migrationsCommand(server)?.join(" "), movesInOneStep(server)],
      [name, command, moves],
      info,
    );
  }
});
