import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { buildApi, bundlePrograms, noticesFile, renderLabels } from "./build.ts";
import { packageFolders } from "./notices.ts";

test("the image has the licence text of every package in the API", async () => {
  const notices = (await buildApi()).get(noticesFile) ?? "";
  const folders = packageFolders(
    (await bundlePrograms(import.meta.dirname, { server: "src/main.ts" })).sources,
  );
  assert.ok(folders.length > 50, `${folders.length} packages`);
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    assert.ok(notices.includes(`${name} ${version} (${license})\n`), name);
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) continue;
    const text = readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n").trim();
    assert.ok(notices.includes(text), `${name}: ${file}`);
  }
});

test("buildApi adds further programs with the licences of their packages", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "build-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const extra = join(folder, "node_modules/extra");
  mkdirSync(extra, { recursive: true });
  writeFileSync(join(folder, "other.ts"), 'import { value } from "extra"; console.log(value);');
  writeFileSync(join(extra, "index.js"), "exports.value = 1;");
  writeFileSync(join(extra, "package.json"), '{ "name": "extra", "version": "1.2.3", "license": "ISC" }');
  writeFileSync(join(extra, "LICENSE"), "Permission of extra");
  const files = await buildApi({ other: join(folder, "other.ts") });
  assert.ok(files.has("other.js"));
  assert.match(files.get(noticesFile) ?? "", /^extra 1\.2\.3 \(ISC\)\n\nPermission of extra\n/m);
});

test("a checkout whose node_modules is a link to another folder builds the same programs", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "build-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const project = dirname(import.meta.dirname);
  for (const name of ["a/checkout", "b"]) mkdirSync(join(folder, name), { recursive: true });
  symlinkSync(join(project, "node_modules"), join(folder, "a/checkout/node_modules"));
  const built = ["app", join(folder, "a/checkout/app")].map((copy) => {
    const path = resolve(project, copy);
    if (copy !== "app") cpSync(import.meta.dirname, path, { recursive: true, filter: isSource });
    const run = spawnSync(process.execPath, [join(path, "build.ts"), join(folder, "b")], {
      encoding: "utf8",
    });
    assert.equal(run.status, 0, run.stderr);
    return readdirSync(join(folder, "b")).map((name) => readFileSync(join(folder, "b", name), "utf8"));
  });
  assert.ok((built[0]?.length ?? 0) > 5);
  assert.deepEqual(built[1], built[0]);
});

const isSource = (path: string): boolean =>
  !/node_modules|\.build/.test(path.slice(import.meta.dirname.length));

test("the Dockerfile copies every file of the build context", async () => {
  const files = await buildApi();
  const [, copied = ""] = /^COPY (.*) \.\/$/m.exec(files.get("Dockerfile") ?? "") ?? [];
  const patterns = copied.split(" ").map((pattern) => new RegExp(`^${pattern.replace("*.", ".*\\.")}$`));
  const left = [...files.keys()].filter((name) => !patterns.some((pattern) => pattern.test(name)));
  assert.deepEqual(left, ["Dockerfile"]);
});

const labelsOf = (dockerfile: string) =>
  [...dockerfile.matchAll(/^LABEL org\.opencontainers\.image\.(\S+?)=(.*)$/gm)].map(([, key, value]) => [
    key,
    value,
  ]);

test("the image has the labels of package.json, and none that differs between builds of equal sources", async () => {
  const { name, description, license, version } = JSON.parse(
    readFileSync(join(import.meta.dirname, "package.json"), "utf8"),
  );
  assert.deepEqual(labelsOf((await buildApi()).get("Dockerfile") ?? ""), [
    ["title", JSON.stringify(name)],
    ["description", JSON.stringify(description)],
    ["licenses", JSON.stringify(license)],
    ["version", JSON.stringify(version)],
  ]);
});

test("renderLabels names the source when package.json names a repository, and quotes what a Dockerfile replaces", () => {
  const facts = { name: "api", description: 'a "$PATH" \\ b', license: "MIT", version: "1.0.0" };
  const url = "https://git.example/api";
  for (const repository of [url, { url }])
    assert.deepEqual(labelsOf(renderLabels({ ...facts, repository })), [
      ["title", '"api"'],
      ["description", '"a \\"\\$PATH\\" \\\\ b"'],
      ["licenses", '"MIT"'],
      ["version", '"1.0.0"'],
      ["source", `"${url}"`],
    ]);
});
