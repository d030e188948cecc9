import assert from "node:assert/strict";
import { test } from "node:test";
import { runLoadTestProcess } from "./testing/oracle/run-cell.ts";
import { sampleOutputs } from "./testing/samples.ts";
import { StubServer } from "./testing/stub-server.ts";

const request = { method: "GET", headers: {}, expect: { statuses: [], json: {} } } as const;

test("the load test ends with exit code 2 before anything else when a file of a request is missing", async () => {
  const outputs = sampleOutputs();
  outputs.loadtest.requests = { list: { ...request, path: "/api/items/{{csv: no/such.csv.id}}" } };
  outputs.loadtest.scenarios = [{ name: "browse", mix: { list: 1 }, enabled: true }];
  const { exitCode, output, report } = await runLoadTestProcess(outputs, []);
  assert.equal(exitCode, 2, output);
  assert.equal(report, undefined);
  assert.match(output, /the request list cannot use the file no\/such\.csv: ENOENT/);
  assert.match(output, /correct the file, or the path in loadtest\.requests\.list/);
});

test("the load test names the login that fails for a connection, and sends no load", async () => {
  let logins = 0;
  let others = 0;
  await using server = await StubServer.start((incoming, response) => {
    if (incoming.url !== "/api/login") {
      if (incoming.url === "/api/me") others++;
      return void response.end("{}");
    }
    // The one before the run is right.
    if (logins++ > 0) return void response.writeHead(503).end("no more sessions");
    response.end('{"token":"of-the-first"}');
  });
  const outputs = sampleOutputs();
  const authorization = "Bearer {{from: login.token}}";
  outputs.loadtest.requests = {
    login: { ...request, method: "POST", path: "/api/login", keep: { token: "/token" } },
    me: { ...request, path: "/api/me", headers: { authorization } },
  };
  outputs.loadtest.scenarios = [{ name: "signed-in", mix: { me: 1 }, enabled: true }];
  const { exitCode, output, report } = await runLoadTestProcess(outputs, ["--against", server.endpoint]);
  assert.equal(exitCode, 1, output);
  assert.match(
    report?.reason ?? "",
    /^signed-in: the request login .* HTTP 503 no more sessions; .* fewer connections$/,
  );
  assert.equal(others, 1);
});
