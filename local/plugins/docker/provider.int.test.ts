import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import type { CallContext } from "../protocol/resource-provider.ts";
import type { Properties, PropertyMap } from "../protocol/values.ts";
import { connectEngine } from "./engine.ts";
import { dockerProvider } from "./provider.ts";
import { folder, registryDigest, repository, startEngineAndRegistry } from "./testing/image-fixture.ts";

const base = "localhost:5000/breakwater/postgres:17";
const provider = dockerProvider("0.0.0");
before(startEngineAndRegistry);

/** A call for one image, with the lines that it shows. */
function call(options: Partial<CallContext> = {}): { context: CallContext; lines: string[] } {
  const lines: string[] = [];
  const context: CallContext = {
    urn: "urn:pulumi:test::test::docker:index/image:Image::api",
    type: "docker:index/image:Image",
    name: "api",
    preview: false,
    timeoutSeconds: 0,
    signal: new AbortController().signal,
    log: (_severity, message) => lines.push(message),
    ...options,
  };
  return { context, lines };
}

async function checked(values: PropertyMap): Promise<Properties> {
  const empty = { values: {}, secretPaths: [] };
  const news = { values, secretPaths: [] };
  const { inputs, failures } = await provider.check({ olds: empty, news }, call().context);
  assert.deepEqual(failures, []);
  return inputs;
}

const diff = async (oldInputs: Properties, newInputs: Properties): Promise<string[]> => {
  const args = { id: "x", state: oldInputs, oldInputs, newInputs, ignoreChanges: [] };
  return [...(await provider.diff(args, call().context)).changes.keys()].sort();
};

test("create builds an image, shows the output, pushes it and returns the registry's digest", async (t) => {
  const context = await folder(t, {
    Dockerfile: `FROM ${base}\nARG GREETING\nCOPY data.txt /data.txt\nLABEL greeting=$GREETING\n`,
    "data.txt": "1",
  });
  const path = repository(t);
  const imageName = `localhost:5000/${path}:1`;
  const inputs = await checked({ imageName, build: { context, args: { GREETING: "ahoy" } } });
  const { context: it, lines } = call();
  const { id, outputs } = await provider.create(inputs, it);
  assert.equal(id, imageName);
  const digest = await registryDigest(path, "1");
  assert.match(digest ?? "", /^sha256:/);
  assert.deepEqual(outputs.values, {
    imageName,
    baseImageName: imageName,
    registryServer: "",
    context,
    dockerfile: "Dockerfile",
    platform: "linux/amd64",
    repoDigest: `localhost:5000/${path}@${digest}`,
  });
  assert.ok(lines.some((line) => /^Step 3\/4 : COPY data\.txt/.test(line)));
  assert.ok(lines.some((line) => /^[0-9a-f]{12}: (Pushed|Layer already exists|Mounted)/.test(line)));
  const built = await (await connectEngine()).getImage(imageName).inspect();
  assert.equal(built.Config.Labels?.greeting, "ahoy");

  await writeFile(join(context, "data.txt"), "2");
  const news = await checked({ imageName, build: { context, args: { GREETING: "ahoy" } } });
  assert.deepEqual(await diff(inputs, news), ["build.contextDigest"]);
  const updated = await provider.update(
    { id, state: outputs, oldInputs: inputs, newInputs: news, ignoreChanges: [] },
    call().context,
  );
  assert.notEqual(updated.values.repoDigest, outputs.values.repoDigest);
  assert.equal(updated.values.repoDigest, `localhost:5000/${path}@${await registryDigest(path, "1")}`);
});

test("diff finds nothing when nothing changed, or only ignored files", async (t) => {
  const context = await folder(t, { Dockerfile: "FROM scratch\n", ".dockerignore": "*.log\n", a: "1" });
  const values = { imageName: "localhost:5000/a/b:1", build: { context } };
  const inputs = await checked(values);
  assert.deepEqual(await diff(inputs, await checked(values)), []);
  await writeFile(join(context, "debug.log"), "noise");
  assert.deepEqual(await diff(inputs, await checked(values)), []);
  await writeFile(join(context, "a"), "2");
  assert.deepEqual(await diff(inputs, await checked(values)), ["build.contextDigest"]);
});

test("a preview builds only with buildOnPreview, and never pushes", async (t) => {
  const context = await folder(t, { Dockerfile: `FROM ${base}\n` });
  const path = repository(t);
  const imageName = `localhost:5000/${path}:1`;
  const engine = await connectEngine();
  const isBuilt = async (): Promise<boolean> =>
    (await engine.listImages({ filters: { reference: [imageName] } })).length > 0;

  const plain = await provider.create(
    await checked({ imageName, build: { context } }),
    call({ preview: true }).context,
  );
  assert.equal(plain.id, "");
  assert.equal(await isBuilt(), false);

  const inputs = await checked({ imageName, buildOnPreview: true, build: { context } });
  await provider.create(inputs, call({ preview: true }).context);
  assert.equal(await isBuilt(), true);
  assert.equal(await registryDigest(path, "1"), undefined);
});

test("create returns the ID of the engine's image with skipPush", async (t) => {
  const context = await folder(t, { Dockerfile: `FROM ${base}\n` });
  const path = repository(t);
  const imageName = `localhost:5000/${path}:1`;
  const inputs = await checked({ imageName, skipPush: true, build: { context } });
  const { outputs } = await provider.create(inputs, call().context);
  assert.equal(outputs.values.repoDigest, (await (await connectEngine()).getImage(imageName).inspect()).Id);
  assert.equal(await registryDigest(path, "1"), undefined);
});

for (const [what, dockerfile, expected, platform = "linux/amd64"] of [
  [
    "a file that is not in the context",
    `FROM ${base}\nCOPY missing.txt /\n`,
    /^error reading build output: Step 2\/2 : COPY missing\.txt \/: COPY failed: .*missing\.txt/,
  ],
  [
    "a command, with what it said",
    `FROM ${base}\nRUN echo "no such luck" >&2; exit 3\n`,
    /^error reading build output: Step 2\/2 : RUN echo .*: The command .* returned a non-zero code: 3\n(.*\n)* *no such luck/,
  ],
  [
    "a base image that is not there",
    "FROM localhost:5000/breakwater/none:1\n",
    /^error reading build output: Step 1\/1 : FROM localhost:5000\/breakwater\/none:1: .*not found/,
  ],
  ["a Dockerfile that is no Dockerfile", "FRON scratch\n", /^error reading build output: .*FRON/],
  [
    "a base image of another platform",
    `FROM ${base}\nCOPY Dockerfile /\n`,
    /build\.platform is linux\/arm64, but the base image that the engine has is for linux\/amd64; remove/,
    "linux/arm64",
  ],
] as const) {
  test(`a build that fails names the step: ${what}`, async (t) => {
    const context = await folder(t, { Dockerfile: dockerfile });
    const path = repository(t);
    const inputs = await checked({ imageName: `localhost:5000/${path}:1`, build: { context, platform } });
    await assert.rejects(provider.create(inputs, call().context), ({ message }: Error) => {
      assert.match(message, expected);
      return true;
    });
    assert.equal(await registryDigest(path, "1"), undefined);
  });
}

test("create names a registry that cannot be reached", async (t) => {
  const context = await folder(t, { Dockerfile: `FROM ${base}\n` });
  const imageName = "localhost:1/breakwater-test/api:1";
  t.after(async () => (await connectEngine()).getImage(imageName).remove());
  const inputs = await checked({ imageName, build: { context } });
  await assert.rejects(
    provider.create(inputs, call().context),
    /^Error: error reading push output: .*(localhost:1|127\.0\.0\.1:1)\b.*connection refused/,
  );
});

test("create names the address of an engine that does not answer", async (t) => {
  const context = await folder(t, { Dockerfile: `FROM ${base}\n` });
  const absent = dockerProvider("0.0.0");
  await absent.configure({ host: "unix:///nonexistent/docker.sock" });
  const inputs = await checked({ imageName: "localhost:5000/a/b:1", build: { context } });
  await assert.rejects(
    absent.create(inputs, call().context),
    /no Docker engine answers at unix:\/\/\/nonexistent\/docker\.sock .*npm run up/,
  );
});

test("create ends a build when the deployment is cancelled", async (t) => {
  const context = await folder(t, { Dockerfile: `FROM ${base}\nRUN read x < /dev/zero\n` });
  const imageName = `localhost:5000/${repository(t)}:1`;
  const inputs = await checked({ imageName, build: { context } });
  const cancel = new AbortController();
  const { context: it } = call({
    signal: cancel.signal,
    log: (_severity, message) => {
      if (message.startsWith("Step 2/2")) cancel.abort(new Error("the deployment was cancelled"));
    },
  });
  await assert.rejects(provider.create(inputs, it), /Step 2\/2 : RUN.*the deployment was cancelled/);
});

test("create builds for another platform than this machine's", async (t) => {
  const context = await folder(t, { Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" });
  const imageName = `localhost:5000/${repository(t)}:1`;
  const inputs = await checked({ imageName, build: { context, platform: "linux/arm/v7" } });
  const { outputs } = await provider.create(inputs, call().context);
  assert.equal(outputs.values.platform, "linux/arm/v7");
  const { Architecture } = await (await connectEngine()).getImage(imageName).inspect();
  assert.equal(Architecture, "arm");
});

test("check refuses a platform that the engine cannot build for", async () => {
  for (const platform of ["windows/amd64", "linux", "linux/amd64,linux/arm64"]) {
    const news = { values: { imageName: "localhost:5000/a/b:1", build: { platform } }, secretPaths: [] };
    const { failures } = await provider.check(
      { olds: { values: {}, secretPaths: [] }, news },
      call().context,
    );
    assert.deepEqual(failures.filter(({ property }) => property === "build.platform").length, 1, platform);
  }
});

test("an image can be read by a user of the image when the checkout was made with umask 077", async (t) => {
  const context = await folder(t, {
    Dockerfile: `FROM ${base}\nCOPY data /data\nUSER 10001\nRUN read line < /data/text && [ "$line" = ahoy ]\n`,
    "data/text": "ahoy\n",
  });
  await chmod(join(context, "data/text"), 0o600);
  await chmod(join(context, "data"), 0o700);
  const inputs = await checked({ imageName: `localhost:5000/${repository(t)}:1`, build: { context } });
  await provider.create(inputs, call().context);
});
