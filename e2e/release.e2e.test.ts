import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pollUntil } from "../host/poll.ts";
import { registryAddress } from "../local/paths.ts";
import { dockerProvider } from "../local/plugins/docker/provider.ts";
import type { CallContext } from "../local/plugins/protocol/resource-provider.ts";
import { closeClusterView, deployments, pods, until } from "./cluster-view.ts";
import { LightLoad } from "./light-load.ts";
import { inLongForm } from "./long-form.ts";
import { NpmCommand } from "./npm-command.ts";
import { configure, createSmallStack, destroyStack, outputs, up } from "./test-stack.ts";

const apiPods = { "app.kubernetes.io/name": "api", "app.kubernetes.io/instance": "api" };
const call: CallContext = {
  urn: "urn:pulumi:test::test::docker:index/image:Image::bad",
  type: "docker:index/image:Image",
  name: "bad",
  preview: false,
  timeoutSeconds: 0,
  signal: new AbortController().signal,
  log: () => {},
};
// Few connections and expensive requests: a machine that the stack shares must not make the load generator the limit.
const load = ["--scenario", "writes", "--connections", "4", "--duration", "1s"];

before(async () => {
  await createSmallStack();
  await configure("loadtest.gates[0].limit", "20");
  await up();
});
after(async () => {
  closeClusterView();
  await destroyStack();
});

async function release(...args: string[]): Promise<[exitCode: number | null, output: string]> {
  const command = new NpmCommand("release", ...args);
  return [await command.end(), command.output];
}

const uidsOf = async (namespace: string) => (await pods(namespace, apiPods)).map(({ uid }) => uid).sort();

/** An image of the API whose every hundredth response, or each, has the status 500. @returns its name */
async function publishBad(every: number): Promise<string> {
  const { apiImage } = await outputs();
  const folder = mkdtempSync(join(tmpdir(), "bad-"));
  const image = `${registryAddress}/breakwater-test/bad:${every}`;
  writeFileSync(
    join(folder, "bad.mjs"),
    `import { ServerResponse } from "node:http";
const { writeHead } = ServerResponse.prototype;
let count = 0;
ServerResponse.prototype.writeHead = function (status, ...others) {
  const isProbe = /^\\/(livez|readyz|metrics)/.test(this.req.url);
  return writeHead.call(this, !isProbe && ++count % ${every} === 0 ? 500 : status, ...others);
};
await import("./server.js");
`,
  );
  writeFileSync(join(folder, "Dockerfile"), `FROM ${apiImage}\nCOPY bad.mjs ./\nCMD ["bad.mjs"]\n`);
  const build = { context: folder, dockerfile: join(folder, "Dockerfile") };
  const provider = dockerProvider("0.0.0");
  const given = { values: { imageName: image, build }, secretPaths: [] };
  const { inputs } = await provider.check({ olds: { values: {}, secretPaths: [] }, news: given }, call);
  await provider.create(inputs, call);
  rmSync(folder, { recursive: true });
  return image;
}

for (const every of [1, 100])
  test(
    `a version with ${every === 1 ? "only" : "1 % of"} 500s goes back, and its way loses no request`,
    every === 1 ? {} : inLongForm,
    async (t) => {
      const image = await publishBad(every);
      const { namespace, endpoint } = await outputs();
      const before = await uidsOf(namespace);
      const clients = new LightLoad(endpoint);
      t.after(() => clients.stop());
      const [exitCode, output] = await release("--image", image, ...load);
      assert.equal(exitCode, 99, output);
      assert.deepEqual(await clients.stop(), []);
      assert.deepEqual(await uidsOf(namespace), before, "the old pods are untouched");
      assert.ok(!(await deployments(namespace)).includes("api-canary"));
      const [, status] = await release("--status");
      assert.match(status, /no release is open/);
      assert.match(status, /failed/);
    },
  );

test("a version that is taken back while it has all traffic loses no request", inLongForm, async (t) => {
  const { namespace, endpoint } = await outputs();
  const before = await uidsOf(namespace);
  const clients = new LightLoad(endpoint);
  t.after(() => clients.stop());
  await configure("api.env.VERSION", "1");
  const command = new NpmCommand("release", "--canary-weight", "50", ...load);
  const patience = { what: "the last gate", fix: command.output, intervalMs: 250, timeoutMs: 400_000 };
  await pollUntil(patience, async () => command.output.includes("full-gate:"));
  command.signal("SIGINT");
  await command.end();
  const [exitCode, output] = await release("--abort");
  assert.equal(exitCode, 0, output);
  assert.match(output, /weights-back.*remove-canary.*back-gate.*aborted/s);
  assert.deepEqual(await clients.stop(), []);
  assert.deepEqual(await uidsOf(namespace), before, "the old pods are untouched");
});

test(
  "a good version that is killed at the canary goes on where it was, refuses other updates, and passes",
  inLongForm,
  async (t) => {
    const { namespace, endpoint } = await outputs();
    const before = await uidsOf(namespace);
    const clients = new LightLoad(endpoint);
    t.after(() => clients.stop());
    await configure("api.env.VERSION", "2");
    const killed = new NpmCommand("release", ...load);
    await until("the canary", async () => (await deployments(namespace)).includes("api-canary"));
    killed.signal("SIGKILL");
    await killed.end();
    await assert.rejects(up(), (error) => /r-\S+ is open in the namespace/.test(String(error)));
    assert.deepEqual(await uidsOf(namespace), before, "the old pods are untouched");
    const [exitCode, output] = await release("--resume");
    assert.equal(exitCode, 0, output);
    assert.deepEqual(await clients.stop(), []);
    assert.ok(!(await deployments(namespace)).includes("api-canary"));
    assert.equal((await uidsOf(namespace)).filter((uid) => before.includes(uid)).length, 0);
    assert.match(await up(), /unchanged/);
  },
);
