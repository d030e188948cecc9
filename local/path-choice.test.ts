// Needs a process of its own: it changes HOME.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { choosePaths } from "./path-choice.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "paths-")));
after(() => rmSync(folder, { recursive: true }));

test("choosePaths takes the defaults when no variable is set", () => {
  assert.deepEqual(choosePaths({}), {
    dataDir: "/var/lib/breakwater",
    cacheDir: join(homedir(), ".cache/breakwater"),
    faults: [],
  });
});

test("choosePaths refuses a BREAKWATER_HOME that is relative, empty, too long, a file or not plain", () => {
  writeFileSync(join(folder, "file"), "");
  const faultOf = (path: string): string | undefined => {
    const { dataDir, faults } = choosePaths({ BREAKWATER_HOME: path });
    assert.equal(dataDir, "/var/lib/breakwater", path);
    return faults[0];
  };
  assert.equal(faultOf(""), 'BREAKWATER_HOME: "" must be an absolute path, or not set');
  assert.match(faultOf("data") ?? "", /absolute/);
  assert.match(faultOf("~/data") ?? "", /absolute/);
  assert.match(faultOf("/tmp/my data") ?? "", /only letters/);
  assert.match(faultOf("/tmp/100%") ?? "", /only letters/);
  assert.match(faultOf("//") ?? "", /folder of its own/);
  assert.match(faultOf(`/${"long/".repeat(20)}`) ?? "", /at most 72 characters/);
  for (const path of ["file", "file/below"])
    assert.equal(
      faultOf(join(folder, path)),
      `BREAKWATER_HOME: "${join(folder, path)}" must be a folder, but ${folder}/file is a file`,
    );
});

test("choosePaths returns the data folder as the list of mounts has it", () => {
  mkdirSync(join(folder, "disk"));
  symlinkSync(join(folder, "disk"), join(folder, "link"));
  const chosen = (path: string): string => {
    const { dataDir, faults } = choosePaths({ BREAKWATER_HOME: path });
    assert.deepEqual(faults, []);
    return dataDir;
  };
  assert.equal(chosen(`${folder}/disk//`), `${folder}/disk`);
  assert.equal(chosen(`${folder}/none/../new/`), `${folder}/new`);
  assert.equal(chosen(`${folder}/link`), `${folder}/disk`);
  assert.equal(chosen(`${folder}/link/new`), `${folder}/disk/new`);
});

test("choosePaths refuses an XDG_CACHE_HOME that is relative, and takes an empty one for none", () => {
  assert.deepEqual(choosePaths({ XDG_CACHE_HOME: "cache" }).faults, [
    'XDG_CACHE_HOME: "cache" must be an absolute path, or not set',
  ]);
  assert.match(choosePaths({ XDG_CACHE_HOME: "/a:b" }).faults[0] ?? "", /":"/);
  assert.deepEqual(choosePaths({ XDG_CACHE_HOME: "" }), choosePaths({}));
  assert.equal(choosePaths({ XDG_CACHE_HOME: "/my cache/" }).cacheDir, "/my cache/breakwater");
});

test("choosePaths refuses an empty or relative HOME where the cache folder depends on it", (t) => {
  const { HOME: before } = process.env;
  t.after(() => {
    process.env.HOME = before;
  });
  for (const home of ["", "somewhere"]) {
    process.env.HOME = home;
    assert.deepEqual(choosePaths({}).faults, [`HOME: "${home}" must be an absolute path`]);
    assert.ok(choosePaths({}).cacheDir.startsWith("/"));
    assert.deepEqual(choosePaths({ XDG_CACHE_HOME: "/cache" }).faults, []);
  }
});
