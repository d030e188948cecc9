import assert from "node:assert/strict";
import { test } from "node:test";
import { fastify } from "fastify";
import { leakLabRoutes } from "./leak-lab.ts";

for (const kind of ["global", "closure", "listener", "cache"]) {
  test(`POST /leak-lab/${kind} leaks with every request`, async (t) => {
    const app = fastify();
    t.after(() => app.close());
    leakLabRoutes(app);
    const post = (query: string) => app.inject({ method: "POST", url: `/leak-lab/${kind}${query}` });
    assert.deepEqual((await post("?bytes=64")).json(), { kind, kept: 1 });
    assert.deepEqual((await post("")).json(), { kind, kept: 2 });
    assert.equal((await post("?bytes=1048577")).statusCode, 400);
    assert.equal((await post("?bytes=-1")).statusCode, 400);
  });
}
