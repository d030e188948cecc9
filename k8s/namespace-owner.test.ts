import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ownerAnnotation, ownerProblem, requireOwnNamespace } from "./namespace-owner.ts";
import { stubApiServer } from "./testing/stub-api-server.ts";

const owner = "organization/breakwater/prod";

/** Checks against an API server that gives this response to every request. */
async function checkAgainst(t: TestContext, status: number, annotations?: Record<string, string>) {
  const paths: string[] = [];
  const access = await stubApiServer(t, (request, response) => {
    paths.push(`${request.method} ${request.url}`);
    response.writeHead(status).end(JSON.stringify({ metadata: { annotations } }));
  });
  return requireOwnNamespace(access, "space", owner).finally(() =>
    assert.deepEqual(paths, ["GET /api/v1/namespaces/space"]),
  );
}

test("requireOwnNamespace refuses a namespace of another stack, and names the way out", async (t) => {
  const taken = checkAgainst(t, 200, { [ownerAnnotation]: "organization/other/prod" });
  await assert.rejects(taken, {
    name: "Error",
    message:
      /space belongs to the stack organization\/other\/prod.*pulumi config set --path cluster\.namespace/,
  });
});

for (const [what, status, annotations] of [
  ["of this stack, also after an update that was killed", 200, { [ownerAnnotation]: owner }],
  ["without a mark, as earlier versions made it", 200, { other: "x" }],
  ["without annotations", 200, undefined],
  ["that does not exist", 404, undefined],
  ["that the deployer may not read", 403, undefined],
] as const)
  test(`requireOwnNamespace admits a namespace ${what}`, (t) => checkAgainst(t, status, annotations));

test("requireOwnNamespace ends the deployment when the API server fails", async (t) => {
  await assert.rejects(checkAgainst(t, 500), /Whether the namespace space is free cannot be read: HTTP 500/);
});

test("ownerProblem refuses the same name in another organization or project", () => {
  for (const other of ["acme/breakwater/prod", "organization/fork/prod", "organization/breakwater/Prod"])
    assert.match(ownerProblem("space", other, owner) ?? "", new RegExp(`belongs to the stack ${other},`));
  assert.equal(ownerProblem("space", owner, owner), undefined);
});
