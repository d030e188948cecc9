import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../measure/random.ts";
import { type PlannedRequest, requestSource, scenarios } from "./scenarios.ts";

function requests(name: string, count: number, users = 50): PlannedRequest[] {
  const scenario = scenarios.find((each) => each.name === name);
  assert.ok(scenario);
  const next = requestSource(scenario, users, seededRandom(1));
  return Array.from({ length: count }, next);
}

test("cached-read reads only users that were seeded", () => {
  for (const { method, path } of requests("cached-read", 5000)) {
    const id = Number(/^\/api\/users\/(\d+)$/.exec(path)?.[1]);
    assert.equal(method, "GET");
    assert.ok(id >= 1 && id <= 50, path);
  }
});

test("mixed sends its parts by their weights", () => {
  const sent = requests("mixed", 20_000);
  const share = (kind: string) => sent.filter((request) => request.kind === kind).length / sent.length;
  for (const [kind, wanted] of Object.entries({ light: 0.7, read: 0.2, write: 0.09, heavy: 0.01 })) {
    assert.ok(Math.abs(share(kind) - wanted) < 0.01, `${kind}: ${share(kind)}`);
  }
});

test("a read's answer must be the user that was asked for", () => {
  const read = requests("cached-read", 1)[0];
  const id = read?.path.split("/").at(-1);
  assert.equal(read?.verify(`{"id":${id},"name":"x"}`), true);
  assert.equal(read?.verify(`{"id":"${id}","name":"x"}`), true);
  assert.equal(read?.verify(`{"id":${id}7,"name":"x"}`), false);
  assert.equal(read?.verify(""), false);
});
