import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { seededRandom } from "../../measure/random.ts";
import { sampleOutputs, sampleScenarios } from "../testing/samples.ts";
import { chooseScenarios, type PlannedRequest, requestSource } from "./scenarios.ts";

function requests(name: string, count: number, users = 50): PlannedRequest[] {
  const scenario = sampleScenarios().find((each) => each.name === name);
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

test("heavy-mix sends its parts by their weights", () => {
  const sent = requests("heavy-mix", 20_000);
  const share = (kind: string) => sent.filter((request) => request.kind === kind).length / sent.length;
  for (const [kind, wanted] of Object.entries({ light: 0.8, read: 0.18, write: 0, heavy: 0.02 })) {
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

test("a run has the scenarios that it names, else those that are enabled; what has no text tells its mix", () => {
  const { scenarios } = sampleOutputs().loadtest;
  const names = (...chosen: string[]) => chooseScenarios(scenarios, chosen).map((scenario) => scenario.name);
  assert.deepEqual(names(), ["light", "cached-read", "write-mix", "heavy-mix"]);
  assert.deepEqual(names("writes", "light"), ["writes", "light"]);
  assert.equal(chooseScenarios(scenarios, ["heavy-mix"])[0]?.about, "80 % light, 18 % read, 2 % heavy");
  assert.throws(
    () => names("lihgt"),
    (error: Error) => {
      assert.ok(error instanceof UserError && error.exitCode === 2);
      return error.message === "--scenario lihgt: there is light, cached-read, write-mix, heavy-mix, writes";
    },
  );
});
