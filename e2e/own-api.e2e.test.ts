import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { exitCodes } from "../contract/user-error.ts";
import { closeClusterView } from "./cluster-view.ts";
import { buildExample, configureExample, examples, stackLines } from "./example-api.ts";
import { LightLoad } from "./light-load.ts";
import { isLong } from "./long-form.ts";
import { configure, createSmallStack, destroyStack, loadtest, outputs, unset, up } from "./test-stack.ts";

/** `npm run prove:own-api` tries all of them. */
const [first, ...others] = isLong ? examples : (["express"] as const);

before(async () => {
  for (const name of [first, ...others]) await buildExample(name);
  await createSmallStack();
});
after(async () => {
  closeClusterView();
  await destroyStack();
});

/** A run that is invalid says nothing of the API: these answer so fast that a busy machine is the limit. */
async function validRun() {
  for (let attempt = 1; ; attempt++) {
    const run = await loadtest("--rate", "200");
    if (run.exitCode !== exitCodes.invalid || attempt === 4) return run;
  }
}

test("an API that knows nothing of the kit is built, deployed, loaded with its own requests and gated", async () => {
  assert.ok(stackLines(first) <= 12);
  configureExample(first);
  await up();
  const run = await validRun();
  assert.equal(run.exitCode, 0, run.stdout + run.stderr);
  assert.match(run.stdout, /read/);
  const { endpoint } = await outputs();
  const statusOf = async (path: string) => (await fetch(`${endpoint}${path}`)).status;
  assert.deepEqual([await statusOf("/api/healthz"), await statusOf("/api/ready")], [200, 404]);
});

test("an `up` without a change builds nothing and replaces nothing", async () => {
  await up("--expect-no-changes");
});

test("a rollout of it under load loses no request", async (t) => {
  const load = new LightLoad((await outputs()).endpoint, "/api/healthz");
  t.after(() => load.stop());
  await configure("api.env.VERSION", "2");
  await up();
  assert.deepEqual(await load.stop(), []);
});

for (const name of others) {
  test(`${name} comes in its place under load, and is loaded with its own requests`, async (t) => {
    assert.ok(stackLines(name) <= 12);
    const load = new LightLoad((await outputs()).endpoint, "/api/healthz");
    t.after(() => load.stop());
    configureExample(name);
    await up();
    assert.deepEqual(await load.stop(), []);
    const run = await validRun();
    assert.equal(run.exitCode, 0, run.stdout + run.stderr);
  });
}

test("with another prefix the load test names a request that gets no right response, before the run", async () => {
  const path = others.at(-1) === "go" ? "/time" : "/items";
  await configure("api.contract.prefix", "/");
  // Without a prefix, the examples' public probe would be a path of the gateway.
  await unset("api.contract.public");
  await up();
  assert.equal((await fetch(`${(await outputs()).endpoint}${path}`)).status, 200);
  const run = await loadtest("--rate", "200");
  assert.notEqual(run.exitCode, 0);
  assert.match(
    run.stdout + run.stderr,
    /the request \w+ \(\w+ \/api\/\w+\) gets no right response: HTTP 404/,
  );
});
