import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { seededRandom } from "../../measure/random.ts";
import { sampleOutputs, sampleScenarios } from "../testing/samples.ts";
import type { PlannedRequest } from "./planned-request.ts";
import { chooseScenarios, requestSource } from "./scenarios.ts";
import { userBody, userId } from "./users.ts";

function requests(name: string, count: number, users = 50): PlannedRequest[] {
  const scenario = sampleScenarios().find((each) => each.name === name);
  assert.ok(scenario);
  const share = { users, seededVersion: 5, thread: 0, threads: 1 };
  const next = requestSource(scenario, { ...share, random: seededRandom(1) });
  return Array.from({ length: count }, () => next());
}

test("requestSource reads only seeded users in cached-read", () => {
  for (const { method, path } of requests("cached-read", 5000)) {
    const id = Number(/^\/api\/users\/(\d+)$/.exec(path)?.[1]);
    assert.equal(method, "GET");
    assert.ok(id >= userId(1) && id <= userId(50), path);
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
  const id = Number(read?.path.split("/").at(-1));
  const body = (shownId: string, contentId = id, version = 5) =>
    `{"id":${shownId},${userBody(contentId, version).slice(1)}`;
  assert.equal(read?.verify(body(`${id}`)), true);
  assert.equal(read?.verify(body(`"${id}"`)), true);
  assert.equal(read?.verify(body(`${id}7`)), false);
  assert.equal(read?.verify(body(`${id}`, id + 1)), false);
  assert.equal(read?.verify(body(`${id}`, id, 4)), false, "older than the seeded version");
  assert.equal(read?.verify(`{"id":${id},"name":"User","email":"user@example.com"}`), false);
  assert.equal(read?.verify(""), false);
});

test("requestSource gives every write another content, and accepts no other content in its response", () => {
  const writes = requests("writes", 300, 5);
  assert.equal(new Set(writes.map(({ body }) => body)).size, 300);
  const [first, second] = writes;
  const shown = (request: PlannedRequest | undefined) =>
    `{"id":${request?.path.split("/").at(-1)},${request?.body?.slice(1)}`;
  assert.equal(first?.verify(shown(first)), true);
  assert.equal(first?.verify(shown(second)), false);
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

test("chooseScenarios names the place of requests and scenarios when a stack has none", () => {
  assert.throws(() => chooseScenarios([], []), /no scenario that is enabled; define requests of your API/);
});
