import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { UserError } from "../../contract/user-error.ts";
import { sampleReport } from "../testing/sample-report.ts";
import { reportFolder, writeReport } from "./files.ts";

const run = promisify(execFile);

async function temporaryFolder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "breakwater-report-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test("writeReport writes exactly the page, the JSON and the files for CI systems", async (t) => {
  const folder = await reportFolder(join(await temporaryFolder(t), "deep", "down"));
  const report = sampleReport();
  await writeReport(folder, report);
  assert.deepEqual((await readdir(folder.dir)).sort(), [
    "junit.xml",
    "report.html",
    "report.json",
    "summary.md",
  ]);
  assert.deepEqual(JSON.parse(await readFile(folder.json, "utf8")), JSON.parse(JSON.stringify(report)));
  assert.match(await readFile(folder.html, "utf8"), /^<!doctype html>/);
  assert.match(await readFile(folder.junit, "utf8"), /^<\?xml /);
  assert.match(await readFile(folder.markdown, "utf8"), /^## /);
});

test("reportFolder removes the files of an older run", async (t) => {
  const dir = await temporaryFolder(t);
  await writeReport(await reportFolder(dir), sampleReport());
  await reportFolder(dir);
  assert.deepEqual(await readdir(dir), []);
});

test("writeReport names a file that cannot be written, and writes the others", async (t) => {
  const folder = await reportFolder(await temporaryFolder(t));
  await mkdir(folder.json);
  await assert.rejects(writeReport(folder, sampleReport()), (error: Error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /^the report cannot be written to \S+\/report\.json: EISDIR/);
    assert.match(error.fix, /--out/);
    return true;
  });
  assert.deepEqual((await readdir(folder.dir)).sort(), [
    "junit.xml",
    "report.html",
    "report.json",
    "summary.md",
  ]);
});

test("writeReport writes the copy of the JSON separately", async (t) => {
  const dir = await temporaryFolder(t);
  const folder = await reportFolder(join(dir, "report"));
  const copy = join(dir, "copy.json");
  await writeReport(folder, sampleReport(), copy);
  assert.equal(await readFile(copy, "utf8"), await readFile(folder.json, "utf8"));
  await reportFolder(folder.dir);
  const nowhere = join(dir, "no", "folder.json");
  await assert.rejects(
    writeReport(folder, sampleReport(), nowhere),
    / written to \S+\/no\/folder\.json: ENOENT/,
  );
  assert.equal((await readdir(folder.dir)).length, 4);
});

test("writeReport leaves only complete files on a full disk", async (t) => {
  const dir = await temporaryFolder(t);
  try {
    await run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", dir]);
  } catch {
    t.skip("this user may not mount a small disk");
    return;
  }
  try {
    const folder = await reportFolder(dir);
    const report = sampleReport({ scenarios: [], pods: [] });
    await assert.rejects(writeReport(folder, report), / written to \S+\/report\.html: ENOSPC/);
    assert.deepEqual((await readdir(dir)).sort(), ["junit.xml", "report.json", "summary.md"]);
    assert.equal(JSON.parse(await readFile(folder.json, "utf8")).stack, report.stack);

    await writeFile(join(dir, "filler"), Buffer.alloc(64 * 1024)).catch(() => {});
    await assert.rejects(
      writeReport(folder, report),
      /report\.json, \S+junit\.xml, \S+summary\.md, \S+report\.html: ENOSPC/,
    );
  } finally {
    await run("umount", [dir]);
  }
});
