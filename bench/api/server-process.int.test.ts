import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bundleServers } from "./bundles.ts";
import { startServer } from "./server-process.ts";

const folder = mkdtempSync(join(tmpdir(), "breakwater-bench-"));
after(() => rmSync(folder, { recursive: true }));

test("startServer starts every server that the API is compared with", async () => {
  const { raw, fastify, express } = await bundleServers(folder);
  for (const program of [raw, fastify, express]) {
    const server = await startServer([program]);
    try {
      const response = await fetch(`http://127.0.0.1:${server.port}/light`, {
        headers: { "x-request-id": "seven" },
      });
      assert.equal(response.headers.get("x-request-id"), "seven", program);
      assert.deepEqual(await response.json(), { ok: true }, program);
    } finally {
      await server.stop();
    }
  }
});
