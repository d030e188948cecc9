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

test("requestSource reads only seeded users in cached-read", () => {
  for (const { method, path } of requests("cached-read", 5000)) {
    const id = Number(/^\/api\/users\/(\d+)$/.exec(path)?.[1]);
    assert.equal(method, "GET");
    assert.ok(id >= 1 && id <= 50, path);
  }
});

test("requestSource follows the weights of the mix", () => {
  const sent = requests("heavy-mix", 20_000);
  const share = (kind: string) => sent.filter((request) => request.kind === kind).length / sent.length;
  for (const [kind, wanted] of Object.entries({ light: 0.8, read: 0.18, write: 0, heavy: 0.02 })) {
    assert.ok(Math.abs(share(kind) - wanted) < 0.01, `${kind}: ${share(kind)}`);
  }
});

test("verify accepts only the requested user in the response to a read", () => {
  const read = requests("cached-read", 1)[0];
  const id = read?.path.split("/").at(-1);
  assert.equal(read?.verify(`{"id":${id},"name":"x"}`), true);
  assert.equal(read?.verify(`{"id":"${id}","name":"x"}`), true);
  assert.equal(read?.verify(`{"id":${id}7,"name":"x"}`), false);
  assert.equal(read?.verify(""), false);
});

test("chooseScenarios returns the named scenarios, else the enabled ones, and describes mixes without a text", () => {
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
