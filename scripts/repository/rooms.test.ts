import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { roomOf, root, textFiles } from "./text-files.ts";

const run = promisify(execFile);
const files = await textFiles();
const contributing = files.find(({ path }) => path === "CONTRIBUTING.md")?.text ?? "";

/** The room table of CONTRIBUTING.md: room → what it imports, as `room/` or as a path. */
const table = new Map(
  [...contributing.matchAll(/^\| `(\w+)\/`[^|]* \| ([^|]+) \|/gm)].map(([, room = "", imports = ""]) => [
    room,
    imports,
  ]),
);
const rooms = [...table.keys()];

function mayImport(room: string, path: string): boolean {
  const imports = table.get(room) ?? "";
  const named = [...imports.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
  const isNamed = named.some((name) => (name.endsWith("/") ? path.startsWith(name) : path === name));
  return imports.startsWith("all") ? !isNamed : isNamed;
}

test("CONTRIBUTING.md has a row for every top-level folder with code", () => {
  const withCode = files.filter(({ path }) => /\.(ts|mjs|js)$/.test(path)).map(({ path }) => roomOf(path));
  assert.deepEqual(rooms.toSorted(), [...new Set(withCode)].filter((room) => room !== ".").toSorted());
});

test("biome.json refuses exactly the imports that CONTRIBUTING.md does not list", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "rooms-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await copyFile(join(root, "biome.json"), join(folder, "biome.json"));
  const listedFiles = [...table.values()].flatMap((imports) => imports.match(/[\w/-]+\.ts/g) ?? []);
  const targets = [...rooms.map((room) => `${room}/any.ts`), ...listedFiles];
  const expected: string[] = [];
  for (const room of rooms) {
    for (const file of [`${room}/sample.ts`, `${room}/inner/deep/sample.ts`]) {
      const others = targets.filter((target) => roomOf(target) !== room);
      const text = others.map((target) => `import "${relative(dirname(file), target)}";\n`).join("");
      await mkdir(join(folder, dirname(file)), { recursive: true });
      await writeFile(join(folder, file), text);
      for (const [index, target] of others.entries())
        if (!mayImport(room, target)) expected.push(`${file}:${index + 1} → ${target}`);
    }
  }
  const biome = join(root, "node_modules/.bin/biome");
  const args = ["lint", "--only=style/noRestrictedImports", "--max-diagnostics=none", "--reporter=github"];
  const { stdout } = await run(biome, [...args, "."], { cwd: folder }).catch((failed) => failed);
  const refused = [...stdout.matchAll(/file=([^,]*),line=(\d+)/g)].map(([, path = "", line = ""]) => {
    const file = relative(folder, path);
    const others = targets.filter((target) => roomOf(target) !== roomOf(file));
    return `${file}:${line} → ${others[Number(line) - 1]}`;
  });
  const notRefused = expected.filter((each) => !refused.includes(each));
  const notExpected = refused.filter((each) => !expected.includes(each));
  assert.deepEqual({ notRefused, notExpected }, { notRefused: [], notExpected: [] });
});
