import assert from "node:assert/strict";
import { test } from "node:test";
import { staleGraceMs, UserVersions, userBody, userId, versionIn } from "./users.ts";

const only = { users: 10, seededVersion: 100, thread: 0, threads: 1 };
const rankOf = (id: number) => id - userId(1) + 1;

test("versionIn reads the version of the user's own content", () => {
  const text = `{"id":${userId(3)},${userBody(userId(3), 42).slice(1)}`;
  assert.equal(versionIn(text, userId(3)), 42);
  assert.equal(versionIn(text, userId(4)), undefined);
  assert.equal(versionIn('{"id":7,"name":"Ada","email":"ada@example.com"}', 7), undefined);
});

test("UserVersions lets a read be as old as the version that was acknowledged before the grace", () => {
  const versions = new UserVersions(only, 1);
  const first = versions.write(1);
  first.settle(true, 1000);
  assert.equal(versions.floor(first.id, 1000 + staleGraceMs - 1), 100);
  assert.equal(versions.floor(first.id, 1000 + staleGraceMs), first.version);
  const second = versions.write(1);
  assert.ok(second.id === first.id && second.version > first.version);
  second.settle(true, 5000);
  assert.equal(versions.floor(first.id, 5500), first.version);
  assert.equal(versions.floor(first.id, 9000), second.version);
});

test("UserVersions expects nothing more of a user after a write without an answer", () => {
  const versions = new UserVersions(only, 1);
  const [first, lost] = [versions.write(1), versions.write(1)];
  assert.notEqual(first.id, lost.id, "a user is written by one request at a time");
  lost.settle(false, 1000);
  const later = versions.write(rankOf(lost.id));
  later.settle(true, 2000);
  assert.equal(later.id, lost.id);
  assert.equal(versions.floor(lost.id, 90_000), 100);
});

test("UserVersions writes a user without a check when all of them are being written", () => {
  const versions = new UserVersions({ ...only, users: 1 }, 1);
  const [first, second] = [versions.write(1), versions.write(1)];
  assert.equal(first.id, second.id);
  first.settle(true, 0);
  second.settle(true, 0);
  assert.equal(versions.floor(first.id, 90_000), 100);
});

test("UserVersions gives each thread users of its own", () => {
  const ids = [0, 1, 2].map((thread) => {
    const versions = new UserVersions({ ...only, thread, threads: 3 }, 1);
    return Array.from({ length: 10 }, (_, rank) => {
      const write = versions.write(rank + 1);
      write.settle(true, 0);
      return rankOf(write.id);
    });
  });
  for (const [thread, ranks] of ids.entries())
    for (const rank of ranks)
      assert.ok((rank - 1) % 3 === thread && rank >= 1 && rank <= 10, `${thread}: ${rank}`);
});

test("UserVersions writes a newer version than the seeded one when the clock is behind", () => {
  const write = new UserVersions({ ...only, seededVersion: 9_000_000 }, 1).write(1);
  assert.equal(write.version, 9_000_001);
});
