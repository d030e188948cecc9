import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { timesLost } from "./lost-image.ts";

/** Starts a registry that gives every request this status. @returns its address. */
async function registry(t: TestContext, status: number): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status).end());
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `localhost:${(server.address() as AddressInfo).port}`;
}

test("timesLost counts each time that the registry has lost the image of the last deployment", async (t) => {
  const imageName = `${await registry(t, 404)}/team/api:1`;
  assert.equal(await timesLost({ imageName, build: {} }, { imageName }), 1);
  assert.equal(await timesLost({ imageName, build: { timesLost: 1 } }, { imageName }), 2);
});

test("timesLost keeps its count while the registry has the image, or does not answer", async (t) => {
  for (const host of [await registry(t, 200), await registry(t, 500), "localhost:1"]) {
    const imageName = `${host}/team/api:1`;
    assert.equal(await timesLost({ imageName, build: { timesLost: 3 } }, { imageName }), 3);
    assert.equal(await timesLost({ imageName, build: {} }, { imageName }), undefined);
  }
});

test("timesLost asks nothing for a new image, another name, an image that is not pushed, and other registries", async (t) => {
  const imageName = `${await registry(t, 404)}/team/api:1`;
  assert.equal(await timesLost({}, { imageName }), undefined);
  assert.equal(await timesLost({ imageName: `${imageName}0`, build: {} }, { imageName }), undefined);
  assert.equal(await timesLost({ imageName, build: {} }, { imageName, skipPush: true }), undefined);
  const other = "registry.invalid/team/api:1";
  assert.equal(await timesLost({ imageName: other, build: {} }, { imageName: other }), undefined);
});
