import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { test } from "node:test";
import { exitCodes } from "../../contract/user-error.ts";
import { roomOf, root, textFiles } from "./text-files.ts";

const files = await textFiles();
const documents = files.filter(({ path }) => path.endsWith(".md"));
/** Written by runs of the load test. */
const outputs = ["loadtest/reports/", "loadtest/baselines/", "capacity/reports/"];
const rooms = new Set(files.map(({ path }) => roomOf(path)).filter((room) => room !== "."));

/** The anchors of a Markdown file, as GitHub makes them of the headings. */
function anchorsOf(path: string): Set<string> {
  const text = files.find((file) => file.path === path)?.text ?? "";
  const headings = text.matchAll(/^#+ (.+)$/gm);
  return new Set([...headings].map(([, title = ""]) => slug(title)));
}

function slug(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w\s-]/g, "")
    .replaceAll(" ", "-");
}

test("every reference to docs/decisions.md has a heading", () => {
  const anchors = anchorsOf("docs/decisions.md");
  const broken = files.flatMap(({ path, text }) =>
    [...text.matchAll(/decisions\.md#([\w-]+)/g)]
      .filter(([, anchor = ""]) => !anchors.has(anchor) && anchor !== "anchor")
      .map(([reference]) => `${path}: ${reference}`),
  );
  assert.deepEqual(broken, []);
});

test("every relative link of a document leads to a file and a heading", () => {
  const broken = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)]
      .filter(([, target = "", anchor]) => {
        const file = target === "" ? path : posix.join(posix.dirname(path), target);
        return !existsSync(join(root, file)) || (anchor !== undefined && !anchorsOf(file).has(anchor));
      })
      .map(([link]) => `${path}: ${link}`),
  );
  assert.deepEqual(broken, []);
});

test("every path in backticks in a document exists", () => {
  const broken = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/`([^`\s]+)`/g)]
      .map(([, name = ""]) => name)
      .filter((name) => rooms.has(roomOf(name)) && !/[*<>…{}$]/.test(name))
      .filter((name) => !outputs.some((output) => name.startsWith(output)))
      .filter((name) => !existsSync(join(root, name.replace(/#.*$/, ""))))
      .map((name) => `${path}: ${name}`),
  );
  assert.deepEqual(broken, []);
});

for (const path of ["CONTRIBUTING.md", "docs/loadtest.md"]) {
  test(`${path} lists every exit code`, () => {
    const text = files.find((file) => file.path === path)?.text ?? "";
    const [, rows = ""] = /^\| exit code \|.*\n\|.*\n((?:\|.*\n)+)/m.exec(text) ?? [];
    const codes = [...rows.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    assert.deepEqual(codes.toSorted(), Object.values(exitCodes).toSorted());
  });
}

test("every test in docs/regressions.md exists", () => {
  const table = documents.find(({ path }) => path === "docs/regressions.md")?.text ?? "";
  const named = [...table.matchAll(/`([^`]+\.test\.ts)`: (.+?)(?=<br>| \|$)/gm)];
  assert.ok(named.length > 50, `${named.length} tests`);
  const missing = named.filter(([, path = "", title = ""]) => {
    const text = files.find((file) => file.path === path)?.text ?? "";
    const pattern = title.split("…").map(escapeRegExp).join("\\$\\{[^`]*\\}");
    return !new RegExp(`test\\(\\s*(["\`])${pattern}\\1`).test(text);
  });
  assert.deepEqual(
    missing.map(([row]) => row),
    [],
  );
});

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
