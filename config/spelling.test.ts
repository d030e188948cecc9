import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { spellingProblems } from "./spelling.ts";

function pathsOf(values: Record<string, string>, map = "env"): string[] {
  const lines = Object.entries(values).map(([name, value]) => `      ${name}: ${value}`);
  const file = ["config:", "  breakwater:api:", `    ${map}:`, ...lines].join("\n");
  return spellingProblems(file, "breakwater").map(({ path }) => path);
}

for (const value of [
  "1234567890123456789",
  "123456789012345678901234567890",
  "+49301234",
  "0x10",
  "0o10",
  "1e3",
  "010",
  "1_000",
  "1.0",
  ".5",
  "5.",
  "-0",
  ".inf",
  "True",
  "FALSE",
  "2026-01-01",
  "2026-1-1 12:00:00",
])
  test(`spellingProblems refuses ${value} without quotes`, () => {
    assert.deepEqual(pathsOf({ A: value, B: `"${value}"`, C: `!!str ${value}` }), ["api.env.A"]);
  });

test("spellingProblems accepts texts, and values that JavaScript spells in the same way", () => {
  const values = ["42", "-1", "0.5", "1e+21", "true", "false", "1.2.3", "127.0.0.1", "12:30", "yes", "1 %"];
  assert.deepEqual(pathsOf(Object.fromEntries(values.map((value, index) => [`V${index}`, value]))), []);
});

test("spellingProblems accepts a number exactly when JavaScript spells it in the same way", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      assert.deepEqual(pathsOf({ A: Object.is(value, -0) ? "0" : String(value) }), []);
    }),
  );
});

test("spellingProblems follows aliases and reads labels, too", () => {
  const file = `config:
  breakwater:nginx: { pod: { labels: { version: 1.10, tier: web } } }
  breakwater:api: { env: { A: &id 007, B: *id } }`;
  assert.deepEqual(
    spellingProblems(file, "breakwater").map(({ path }) => path),
    ["api.env.A", "api.env.B", "nginx.pod.labels.version"],
  );
});

test("spellingProblems refuses every explicit tag but !!str", () => {
  const values = { A: "!!int 010", B: '!!int "010"', C: "! 010", D: "!!float 1", E: "!!str 010" };
  assert.deepEqual(pathsOf(values), ["api.env.A", "api.env.B", "api.env.C", "api.env.D"]);
});

test("spellingProblems follows aliases of whole sections, and merge keys", () => {
  const file = `config:
  other:shared: &shared { A: 010 }
  other:list: &more { B: +1, C: "+1" }
  other:section: &section { pod: { labels: { D: 1.0 } } }
  breakwater:api: { env: { <<: [*shared, *more] } }
  breakwater:nginx: *section
  breakwater:redis: { <<: *section }`;
  assert.deepEqual(
    spellingProblems(file, "breakwater").map(({ path }) => path),
    ["api.env.A", "api.env.B", "nginx.pod.labels.D", "redis.pod.labels.D"],
  );
});

test("spellingProblems reads sections without the project's name, as Pulumi does", () => {
  const problems = spellingProblems("config:\n  api: { env: { A: 010 } }", "breakwater");
  assert.deepEqual(
    problems.map(({ path }) => path),
    ["api.env.A"],
  );
});

test("spellingProblems finds nothing in a file without such options", () => {
  for (const file of ["", "config:", "config:\n  breakwater:api: text", "encryptionsalt: v1:x"])
    assert.deepEqual(spellingProblems(file, "breakwater"), []);
});
