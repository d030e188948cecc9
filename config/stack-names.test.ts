import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as check, constantFrom, property } from "fast-check";
import { label } from "./sections/names.ts";
import { labelValueOf, namespaceOf } from "./stack-names.ts";

const alphabet = [..."abzABZ019_.-"];
/** Names of stacks and projects: Pulumi's whole alphabet. */
const names = array(constantFrom(...alphabet), { minLength: 1, maxLength: 100 }).map((letters) =>
  letters.join(""),
);

for (const name of ["local", "prod", "e2e", "a-1", "1", "x".repeat(52)])
  test(`namespaceOf keeps the name of the stack ${name}`, () => {
    assert.equal(namespaceOf(name), `breakwater-${name}`);
  });

for (const [name, start] of [
  ["Feature_X", /^breakwater-feature-x-[0-9a-f]{10}$/],
  ["v1.2", /^breakwater-v1-2-[0-9a-f]{10}$/],
  ["s".repeat(60), /^breakwater-s{41}-[0-9a-f]{10}$/],
  ["-", /^breakwater-[0-9a-f]{10}$/],
] as const)
  test(`namespaceOf makes the name of the stack ${name} fit`, () => {
    assert.match(namespaceOf(name), start);
  });

test("namespaceOf returns a DNS label for every name of a stack, and another one for each", () => {
  check(
    property(names, names, (one, other) => {
      assert.match(namespaceOf(one), label.pattern);
      if (one !== other) assert.notEqual(namespaceOf(one), namespaceOf(other));
    }),
    { numRuns: 1000 },
  );
});

test("labelValueOf returns the value of a label for every name of a project, and keeps what is one", () => {
  check(
    property(names, (name) => {
      assert.match(labelValueOf(name), /^[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/);
    }),
    { numRuns: 1000 },
  );
  assert.equal(labelValueOf("My_kit.2"), "My_kit.2");
});
