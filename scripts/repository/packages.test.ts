import assert from "node:assert/strict";
import { test } from "node:test";
import { textFiles } from "./text-files.ts";

interface PackageJson {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

/** Packages that no file imports, and what uses them. */
const usedWithoutImport: Readonly<Record<string, string>> = {
  "@biomejs/biome": "scripts/checks.ts runs biome",
  typescript: "scripts/checks.ts runs tsc",
  "@types/node": "tsconfig.json names it",
};

const files = await textFiles();
const sources = files.filter(({ path }) => /\.(ts|mjs|js)$/.test(path));
const importOf = /(?:\bfrom|\bimport)\s*\(?\s*["']([^."'][^"']*)["']|\bresolve\(["']([^."'][^"']*)["']\)/g;
const nameOf = (specifier: string) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

/** Names of the packages that the files import; for a package with types of its own, also the package of its types. */
function importedBy(isUser: (path: string) => boolean): Set<string> {
  const names = sources
    .filter(({ path }) => isUser(path))
    .flatMap(({ text }) =>
      [...text.matchAll(importOf)].map(([, from, resolved]) => nameOf(from ?? resolved ?? "")),
    );
  return new Set(names.flatMap((name) => [name, `@types/${name.replace(/^@(.+)\//, "$1__")}`]));
}

for (const [file, isUser] of [
  ["package.json", (path: string) => !path.startsWith("app/")],
  ["app/package.json", (path: string) => path.startsWith("app/")],
] as const)
  test(`${file} declares no package that nothing uses`, () => {
    const text = files.find(({ path }) => path === file)?.text ?? "";
    const { dependencies, devDependencies } = JSON.parse(text) as PackageJson;
    const imported = importedBy(isUser);
    assert.deepEqual(
      Object.keys({ ...dependencies, ...devDependencies }).filter(
        (name) => !imported.has(name) && !(name in usedWithoutImport),
      ),
      [],
    );
  });
