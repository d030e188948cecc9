import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { RequestConfig } from "../../contract/outputs.ts";
import { seededRandom } from "../../measure/random.ts";
import { type Behaviour, StubServer } from "../testing/stub-server.ts";
import { RequestFiles } from "./request-files.ts";
import { chooseScenarios, stepSources } from "./scenarios.ts";
import { Session } from "./session.ts";
import { SessionSteps } from "./session-steps.ts";
import { openClient } from "./undici-client.ts";

const post = (path: string, more: Partial<RequestConfig> = {}): RequestConfig => ({
  method: "POST",
  path,
  headers: {},
  expect: { statuses: [], json: {} },
  ...more,
});
const requests = {
  login: post("/login/{{csv: users.csv.name}}", {
    headers: { "x-device": "{{device: uuid}}" },
    keep: { token: "/token" },
  }),
  order: post("/orders/{{item: 1..1000000}}", {
    headers: { authorization: "{{from: login.token}}" },
    keep: { id: "/id" },
  }),
  see: post("/orders/{{from: order.id}}", { method: "GET" }),
};

/** Sessions of users of a file, whose first requests are sent to a server with the given behaviour. */
async function sessionsOf(t: TestContext, names: readonly string[], behave: Behaviour) {
  const folder = mkdtempSync(join(tmpdir(), "session-steps-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "users.csv"), ["name", ...names, ""].join("\n"));
  const server = await StubServer.start(behave);
  const defined = { name: "shop", mix: { see: 1 }, cookies: true, enabled: true };
  const [scenario] = chooseScenarios([defined], [], requests);
  assert.ok(scenario);
  const share = { users: 0, seededVersion: 0, thread: 0, threads: 1, connections: 1, seed: 1, firstDueMs: 0 };
  const times = { durationSeconds: 1, warmupSeconds: 0, timeoutSeconds: 10 };
  const options = { endpoint: server.endpoint, scenario, ...share, ...times };
  const context = { random: seededRandom(1), files: new RequestFiles(folder) };
  const failures: string[] = [];
  const steps = new SessionSteps(stepSources(scenario, context), options, (problem) =>
    failures.push(problem),
  );
  const connections = names.map(() => ({ client: openClient(options), session: new Session(true) }));
  t.after(async () => {
    await Promise.all(connections.map(({ client }) => client.destroy()));
    await server[Symbol.asyncDispose]();
  });
  return { steps, connections, failures };
}

test("a session that begins again is that of the same user: its values and its row are as before, its cookies are gone", async (t) => {
  const seen: { url: string; device: unknown; token: unknown; cookie: unknown }[] = [];
  const behave: Behaviour = ({ url = "", headers }, response, n) => {
    const { authorization: token, "x-device": device, cookie } = headers;
    seen.push({ url, device, token, cookie });
    response.setHeader("set-cookie", `n=${n}; Path=/`);
    response.end(JSON.stringify({ token: `t${n}`, id: `o${n}` }));
  };
  const { steps, connections, failures } = await sessionsOf(t, ["ada", "bob"], behave);
  for (const connection of connections) assert.equal(await steps.begin(connection), undefined);
  const [ada, bob] = connections;
  assert.ok(ada && bob);
  for (const each of [bob, ada, ada]) assert.equal(await steps.renew(each), true);
  const logins = seen.filter(({ url }) => url.startsWith("/login"));
  const orders = seen.filter(({ url }) => url.startsWith("/orders"));
  const users = logins.map(({ url }) => url.replace("/login/", ""));
  assert.deepEqual(users, ["ada", "bob", "bob", "ada", "ada"]);
  const [adaFirst, bobFirst, ...again] = logins;
  assert.deepEqual(again, [bobFirst, adaFirst, adaFirst]);
  const items = orders.map(({ url }) => url);
  assert.deepEqual(items.slice(2), [items[1], items[0], items[0]]);
  assert.notEqual(items[0], items[1]);
  assert.deepEqual(
    orders.map(({ token, cookie }) => [token, cookie]),
    [1, 3, 5, 7, 9].map((n) => [`t${n}`, `n=${n}`]),
  );
  assert.deepEqual([ada.session.value("order", "id"), failures.length], ["o10", 0]);
});

test("sessions that begin again at the same time send the requests of 16 at most", {
  timeout: 60_000,
}, async (t) => {
  const names = Array.from({ length: 40 }, (_, index) => `user${index}`);
  let areHeld = false;
  let arrived = 0;
  let mostHeld = 0;
  const held: (() => void)[] = [];
  const behave: Behaviour = ({ url = "" }, response, n) => {
    const respond = () => response.end(JSON.stringify({ token: `t${n}`, id: `o${n}` }));
    if (!areHeld || !url.startsWith("/login")) return void respond();
    arrived++;
    mostHeld = Math.max(mostHeld, held.push(respond));
    // Time for one more, which is not to come.
    if (held.length === 16 || arrived === names.length)
      setTimeout(() => {
        for (const respondNow of held.splice(0)) respondNow();
      }, 100);
  };
  const { steps, connections, failures } = await sessionsOf(t, names, behave);
  for (const connection of connections) assert.equal(await steps.begin(connection), undefined);
  areHeld = true;
  const renewed = await Promise.all(connections.map((connection) => steps.renew(connection)));
  assert.ok(renewed.every(Boolean), failures.join());
  assert.deepEqual([arrived, mostHeld], [40, 16]);
});
