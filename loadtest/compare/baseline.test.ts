import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { sampleBaseline } from "../testing/baselines.ts";
import { baselinePath, parseBaseline, readBaseline, saveBaseline } from "./baseline.ts";

async function inFolder(use: (folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "baseline-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const broken =
  (message: RegExp, fix = /./) =>
  (error: unknown) =>
    error instanceof UserError && message.test(error.message) && fix.test(error.fix);

const refuses = (text: string, message: RegExp, fix?: RegExp) =>
  assert.throws(() => parseBaseline(text, "a.json"), broken(message, fix));

test("saveBaseline replaces an older baseline, and readBaseline returns the new one", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "deep", "local.json");
    await saveBaseline(path, sampleBaseline({ apiImage: "old" }));
    await saveBaseline(path, sampleBaseline());
    assert.deepEqual(await readBaseline(path), sampleBaseline());
    assert.deepEqual(await readdir(join(folder, "deep")), ["local.json"]);
  });
});

test("saveBaseline and parseBaseline keep the field names of earlier versions", async () => {
  const { plan } = sampleBaseline();
  const baseline = sampleBaseline({ plan: { ...plan, ofScenarios: { light: { ...plan, connections: 3 } } } });
  await inFolder(async (folder) => {
    const path = join(folder, "local.json");
    await saveBaseline(path, baseline);
    const fields = Object.keys(JSON.parse(await readFile(path, "utf8")).plan);
    assert.deepEqual(
      fields.filter((field) => !Object.hasOwn(baseline.plan, field)),
      ["dials"],
    );
    assert.deepEqual(await readBaseline(path), baseline);
  });
});

test("readBaseline is wrong usage when there is no baseline, and names the command that saves one", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "local.json");
    await assert.rejects(
      readBaseline(path),
      (error) =>
        error instanceof UserError &&
        error.exitCode === 2 &&
        error.message.includes(`${path}; save one first: npm run`),
    );
  });
});

test("readBaseline and saveBaseline name the path when the file system fails", async () => {
  await inFolder(async (folder) => {
    await assert.rejects(readBaseline(folder), broken(/cannot be read: EISDIR/));
    await writeFile(join(folder, "file"), "");
    await assert.rejects(
      saveBaseline(join(folder, "file", "local.json"), sampleBaseline()),
      broken(/cannot be written to .*local\.json/),
    );
  });
});

test("parseBaseline names every wrong field, and distinguishes a newer file from a damaged one", () => {
  const text = JSON.stringify(sampleBaseline());
  refuses(text.slice(0, -5), /^the baseline a\.json is damaged: not JSON/, /--save-baseline/);
  refuses(text.replace('"schema":2', '"schema":3'), /has schema 3; this version reads 2/, /--save-baseline/);
  refuses(text.replace('"schema":2', '"schema":1'), /has schema 1; this version reads 2/, /--save-baseline/);
  refuses("null", /schema is missing; stack is missing.*plan\.users is missing; .*scenarios is not a list/);
  refuses(
    text.replace('"cpus":2', '"cpus":"2"').replace('"users":10', '"user":10'),
    /machine\.cpus is not a number; plan\.users is missing$/,
  );
  refuses(
    JSON.stringify({ ...sampleBaseline(), plan: { ...sampleBaseline().plan, ratePerSecond: "5" } }),
    /plan\.ratePerSecond is not a number$/,
  );
  refuses(JSON.stringify(sampleBaseline({ scenarios: [] })), /there is no scenario in it/);
  refuses(text.replace(/"repeats":\[.*?\]/, '"repeats":3'), /scenario 1 is incomplete/);
});

test("saveBaseline and parseBaseline refuse a repeat with a missing value", async () => {
  const unmeasured = sampleBaseline();
  const repeat = unmeasured.scenarios[0]?.repeats[1];
  assert.ok(repeat);
  repeat.p99Ms = Number.NaN;
  const message = /p99Ms of light, repeat 2, is not a positive number/;
  await inFolder(async (folder) => {
    await assert.rejects(saveBaseline(join(folder, "a.json"), unmeasured), broken(message));
    assert.deepEqual(await readdir(folder), []);
  });
  refuses(JSON.stringify(unmeasured), message);
});

test("baselinePath has a file for each stack, also when the name has slashes", () => {
  assert.match(baselinePath("local"), /baselines[\\/]local\.json$/);
  assert.match(baselinePath("org/breakwater/local"), /baselines[\\/]org%2Fbreakwater%2Flocal\.json$/);
  assert.match(
    baselinePath("local", "http://10.0.0.1:80"),
    /baselines[\\/]local%40http%3A%2F%2F10\.0\.0\.1%3A80\.json$/,
  );
});
