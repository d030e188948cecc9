import assert from "node:assert/strict";
import { test } from "node:test";
import { debianPackages, missingPackages, testPackages } from "./debian-packages.ts";

test("missingPackages returns the packages whose program is missing, by path or by name", async () => {
  const here = [
    { name: "node", program: process.execPath },
    { name: "dash", program: "sh" },
  ];
  const gone = [
    { name: "one", program: "/usr/bin/no-such-program" },
    { name: "two", program: "no-such-program" },
  ];
  assert.deepEqual(await missingPackages([...here, ...gone]), gone);
});

test("the embedded cluster installs none of the packages for tests", () => {
  const names = debianPackages.map((each) => each.name);
  assert.deepEqual(
    testPackages.map(({ name }) => [name, names.includes(name)]),
    [
      ["chromium", false],
      ["shellcheck", false],
      ["redis-server", false],
      ["postgresql", false],
      ["pgbouncer", false],
    ],
  );
});
