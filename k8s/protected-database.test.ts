import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { protectedAnnotation, requireRemovableDatabase } from "./protected-database.ts";
import { stubApiServer } from "./testing/stub-api-server.ts";

/** Checks against an API server that gives this response to the request for the StatefulSet. */
async function checkAgainst(
  t: TestContext,
  status: number,
  annotations?: Record<string, string>,
  by: "url" | "enabled" = "url",
) {
  const access = await stubApiServer(t, ({ url }, response) => {
    const isRight = url === "/apis/apps/v1/namespaces/space/statefulsets/database";
    response.writeHead(isRight ? status : 500).end(JSON.stringify({ metadata: { annotations } }));
  });
  return requireRemovableDatabase(access, "space", by);
}

test("requireRemovableDatabase refuses to remove a protected database, and names the option", async (t) => {
  const refused = checkAgainst(t, 200, { [protectedAnnotation]: "true" });
  await assert.rejects(refused, {
    message: /database\.url would remove .* database\.protect false; pulumi up/,
  });
});

test("requireRemovableDatabase names the option that turns the database off", async (t) => {
  const refused = checkAgainst(t, 200, { [protectedAnnotation]: "true" }, "enabled");
  await assert.rejects(refused, {
    message:
      /^database\.enabled false would remove .*config rm --path database\.enabled; .*database\.protect false/,
  });
});

for (const [what, status, annotations] of [
  ["that is not protected", 200, { other: "x" }],
  ["that does not exist", 404, undefined],
  ["that the deployer may not read", 403, undefined],
] as const)
  test(`requireRemovableDatabase admits a database ${what}`, (t) => checkAgainst(t, status, annotations));

test("requireRemovableDatabase ends the deployment when the API server fails", async (t) => {
  await assert.rejects(checkAgainst(t, 500), /is protected cannot be read: HTTP 500/);
});
