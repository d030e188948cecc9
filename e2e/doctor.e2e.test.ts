import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { $ } from "zx";
import { projectRoot } from "../scripts/stack.ts";
import { isLong } from "./long-form.ts";
import { configure, createStack, destroyStack, stackName, unset } from "./test-stack.ts";

/** What each broken rule is called by the doctor; `npm run prove:own-api` tries all of them. */
const planted = {
  "localhost,ignores-sigterm": [
    /✗ it listens on 127\.0\.0\.1:3000 only/,
    /✗ it does not end within 15 s of SIGTERM/,
  ],
  "root-files,cuts-off": [
    /✗ it writes to its root file system.*EROFS/,
    /✗ at SIGTERM it cuts off the requests/,
  ],
  port: [/✗ it listens on port 4000, not on 3000/],
  "root-user": [/✗ it runs as root only.*EACCES/],
  crash: [/✗ the program ends with code 1; it wrote: Error: no database/],
  silent: [/✗ nothing listens 30 s after the start; it wrote nothing/],
  "needs-database": [/✗ GET \/healthz gets HTTP 503 without the database/],
  "no-ready": [/✗ GET \/ready gets HTTP 404/],
} as const;
const inShortForm = "root-files,cuts-off";

before(async () => {
  await createStack();
  await configure("api.source.context", "examples/broken");
  await configure("api.contract.live", "/healthz");
  await configure("api.contract.ready", "/ready");
});
after(destroyStack);

function doctor() {
  return $({
    cwd: projectRoot,
    nothrow: true,
    quiet: true,
  })`${process.execPath} scripts/doctor.ts --stack ${stackName}`;
}

test("the doctor has nothing to say of an API that keeps the rules", async () => {
  const run = await doctor();
  assert.equal(run.exitCode, 0, run.stdout + run.stderr);
  assert.match(run.stdout, /^✓/);
});

for (const [name, expected] of Object.entries(planted)) {
  if (!isLong && name !== inShortForm) continue;
  test(`the doctor names what is broken by ${name}, and nothing else`, async () => {
    await configure("api.source.args.BREAK", name);
    const run = await doctor();
    assert.equal(run.exitCode, 99, run.stdout + run.stderr);
    for (const pattern of expected) assert.match(run.stdout, pattern);
    assert.equal(run.stdout.match(/^[✗!]/gm)?.length, expected.length, run.stdout);
  });
}

test("the doctor names a command that needs a shell in an image without one", async () => {
  await unset("api.source.args");
  await configure("api.source.dockerfile", "Dockerfile.shell");
  const run = await doctor();
  assert.equal(run.exitCode, 99, run.stdout + run.stderr);
  assert.match(run.stdout, /✗ the image's command needs a shell, and the image has no \/bin\/sh/);
});
