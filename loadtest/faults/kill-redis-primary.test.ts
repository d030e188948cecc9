import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRole } from "./kill-redis-primary.ts";

test("parseRole returns the role and the count of replicas", () => {
  assert.deepEqual(parseRole("master\n4242\n10.42.1.7\n6379\n4242\n10.42.1.9\n6379\n4200\n"), {
    primary: true,
    replicas: 2,
  });
  assert.deepEqual(parseRole("master\n0\n\n"), { primary: true, replicas: 0 });
  assert.deepEqual(parseRole("slave\n10.42.1.5\n6379\nconnected\n4242\n"), { primary: false, replicas: 0 });
  assert.deepEqual(parseRole("LOADING Redis is loading\n"), { primary: false, replicas: 0 });
});
