import assert from "node:assert/strict";
import { test } from "node:test";
import { loadOf } from "./own-load.ts";
import { validate } from "./validate.ts";

const own = {
  requests: { list: { path: "/api/things" } },
  scenarios: { browse: { mix: { list: 1 } }, mixed: { mix: { list: 1, light: 1 } } },
};

test("the load test of an API of one's own has no scenario and no gate of the kit's example", () => {
  const load = loadOf(validate({ api: { contract: { live: "/healthz" } }, loadtest: own }));
  assert.deepEqual(Object.keys(load.scenarios), ["browse"]);
  assert.ok(load.gates.length > 0);
  assert.ok(load.gates.every(({ scenario }) => scenario === undefined));
});

test("the kit's own API keeps all of them", () => {
  const config = validate({ loadtest: own });
  assert.deepEqual(loadOf(config), { ...config.loadtest, apiPrefix: "/api/" });
});
