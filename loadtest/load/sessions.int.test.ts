import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../measure/random.ts";
import { sampleRequest as request } from "../testing/samples.ts";
import { type Behaviour, StubServer } from "../testing/stub-server.ts";
import { runLoad } from "./load.ts";
import type { LoadOptions } from "./load-result.ts";
import { tryRequests } from "./request-trial.ts";
import { chooseScenarios, requestSource, stepSources } from "./scenarios.ts";
import { Session } from "./session.ts";
import { SessionSteps } from "./session-steps.ts";
import { Tally } from "./tally.ts";
import { openClient, undiciSender } from "./undici-client.ts";

const requests = {
  login: request("/login", { method: "POST", keep: { token: "/session/token", csrf: "header x-csrf" } }),
  cart: request("/carts", {
    method: "POST",
    headers: { authorization: "Bearer {{from: login.token}}", "x-csrf": "{{from: login.csrf}}" },
    keep: { id: "/id" },
    expect: { statuses: [201], json: {} },
  }),
  see: request("/carts/{{from: cart.id}}", { headers: { authorization: "Bearer {{from: login.token}}" } }),
};
const [shop] = chooseScenarios([{ name: "shop", mix: { see: 9, cart: 1 }, enabled: true }], [], requests);
assert.ok(shop);

/** An API with sessions, which counts its logins. Each token is of one connection, and each cart of one token. */
function api({ isExpired = (_token: string): boolean => false, acceptsLogins = (): boolean => true } = {}) {
  const seen = { logins: 0, refused: 0, tokens: new Set<string>() };
  const carts = new Map<string, string>();
  const behave: Behaviour = (incoming, response) => {
    const { method, url = "", headers } = incoming;
    if (url === "/login") {
      if (!acceptsLogins()) return void response.writeHead(500).end("no session today");
      const token = `t${seen.logins++}`;
      response.setHeader("x-csrf", `csrf of ${token}`);
      return void response.end(JSON.stringify({ session: { token } }));
    }
    const token = headers.authorization?.replace("Bearer ", "") ?? "";
    if (!/^t\d+$/.test(token) || isExpired(token)) {
      seen.refused++;
      return void response.writeHead(401).end();
    }
    seen.tokens.add(token);
    if (method === "POST") {
      if (headers["x-csrf"] !== `csrf of ${token}`) return void response.writeHead(403).end();
      const id = `${token}/cart ${carts.size}`;
      carts.set(id, token);
      return void response.writeHead(201).end(JSON.stringify({ id }));
    }
    const id = decodeURIComponent(url.replace("/carts/", ""));
    response.writeHead(carts.get(id) === token ? 200 : 404).end();
  };
  return { behave, seen };
}

async function load(behave: Behaviour, more: Partial<LoadOptions> = {}) {
  await using server = await StubServer.start(behave);
  const problems: string[] = [];
  const result = await runLoad(
    {
      endpoint: server.endpoint,
      scenario: shop as NonNullable<typeof shop>,
      connections: 4,
      durationSeconds: 1,
      warmupSeconds: 0,
      timeoutSeconds: 1,
      users: 0,
      seed: 1,
      ...more,
    },
    { onProblem: (problem) => problems.push(problem) },
  );
  return { result, problems };
}

test("each connection logs in once, and its requests use the values of its own responses, in every model", async () => {
  for (const model of [{}, { rate: 200 }, { keepAlive: false }, { threads: 2 }]) {
    const { behave, seen } = api();
    const { result } = await load(behave, model);
    assert.equal(result.failed, 0, JSON.stringify([model, result.errors]));
    assert.ok(result.completed > 0);
    assert.deepEqual([seen.logins, seen.tokens.size, seen.refused], [4, 4, 0]);
  }
});

test("a login that fails before the load ends it, by its name", async () => {
  const { behave } = api({ acceptsLogins: () => false });
  await assert.rejects(load(behave), {
    name: "UserError",
    message: /^shop: the request login .* HTTP 500 no session today$/,
    fix: /have fewer connections/,
  });
});

test("tryRequests sends the steps first, and refuses a login whose response lacks what it keeps", async () => {
  const tried: string[] = [];
  const trial = async (behave: Behaviour) => {
    await using server = await StubServer.start(behave);
    const settings = { endpoint: server.endpoint, tls: { insecure: false } };
    await tryRequests([shop as NonNullable<typeof shop>], settings, (name) => tried.push(name));
  };
  await trial(api().behave);
  assert.deepEqual(tried, ["login", "cart", "see"]);
  await assert.rejects(
    trial((_, response) => response.end('{"access_token":"s3cret","user":{"a/b":1}}')),
    ({ message }: Error) => {
      assert.match(
        message,
        /request login .* or without token \(\/session\/token\), csrf \(header x-csrf\); the body has \/access_token, \/user\/a~1b$/,
      );
      return true;
    },
  );
});

test("each connection keeps its own cookies, which the server may change with every response", async () => {
  const form = {
    "sign-in": request("/sign-in", { method: "POST" }),
    home: request("/home", { headers: { Cookie: "theme=dark" } }),
  };
  const defined = { name: "home", mix: { home: 1 }, before: ["sign-in"], cookies: true, enabled: true };
  const [scenario] = chooseScenarios([defined], [], form);
  for (const model of [{}, { rate: 200 }]) {
    const turns = new Map<string, number>();
    const behave: Behaviour = (incoming, response) => {
      const [, id, turn] = /^theme=dark; sid=(\w+)-(\d+)$/.exec(incoming.headers.cookie ?? "") ?? [];
      const isSignIn = incoming.url === "/sign-in" && incoming.headers.cookie === undefined;
      const isRight = isSignIn || (id !== undefined && turns.get(id) === Number(turn));
      const user = isSignIn ? `u${turns.size}` : (id ?? "");
      const next = (turns.get(user) ?? 0) + 1;
      if (isRight) turns.set(user, next);
      response.setHeader("set-cookie", [`sid=${user}-${next}; Path=/; HttpOnly`, "elsewhere=1; Path=/other"]);
      response.writeHead(isRight ? 200 : 403).end();
    };
    assert.ok(scenario);
    const { result } = await load(behave, { scenario, ...model });
    assert.equal(result.failed, 0, JSON.stringify([model, result.errors]));
    assert.equal(turns.size, 4);
    assert.ok(result.completed > 0);
  }
});

/** One connection whose session began long ago, and a way to send a request on it. */
async function oldSession(behave: Behaviour) {
  const server = await StubServer.start(behave);
  const scenario = shop as NonNullable<typeof shop>;
  const times = { connections: 1, durationSeconds: 1, warmupSeconds: 0, timeoutSeconds: 1 };
  const share = { users: 0, seededVersion: 0, thread: 0, threads: 1 };
  const options = { endpoint: server.endpoint, scenario, seed: 1, firstDueMs: 0, ...times, ...share };
  const context = { ...share, random: seededRandom(1) };
  const failures: string[] = [];
  const steps = new SessionSteps(stepSources(scenario, context), options, (problem) =>
    failures.push(problem),
  );
  const tally = new Tally(1000, () => true);
  const connection = { client: openClient(options), session: new Session() };
  assert.equal(await steps.begin(connection), undefined);
  connection.session.beganMs = Number.NEGATIVE_INFINITY;
  const next = requestSource(scenario, context);
  const send = undiciSender(options, tally, steps);
  return {
    tally,
    failures,
    sendNext: () => {
      const inFlight = { request: next(connection.session), sentAt: performance.now(), counted: true };
      return new Promise<void>((resolve) => send(connection, inFlight, resolve));
    },
    [Symbol.asyncDispose]: async () => {
      await connection.client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

test("a request that gets 401 is sent again after a new login, and counts once", async () => {
  const { behave, seen } = api({ isExpired: (token) => token === "t0" && seen.logins > 0 && expired });
  let expired = false;
  await using session = await oldSession(behave);
  await session.sendNext();
  expired = true;
  await session.sendNext();
  await session.sendNext();
  const { tally, failures } = session;
  assert.deepEqual([tally.sent, tally.completed, tally.failed], [3, 3, 0], JSON.stringify(tally.errors));
  assert.deepEqual([seen.logins, seen.refused, failures.length], [2, 1, 0]);
});

test("a second 401 soon after a new login is a failure, and a login that fails has its name", async () => {
  let isOpen = true;
  const { behave, seen } = api({ isExpired: () => !isOpen, acceptsLogins: () => isOpen || seen.refused > 1 });
  await using session = await oldSession(behave);
  isOpen = false;
  await session.sendNext();
  await session.sendNext();
  const { tally, failures } = session;
  assert.deepEqual(tally.errors.status, { "401": 2 });
  assert.deepEqual([seen.refused, tally.completed], [2, 0]);
  assert.match(failures.join("\n"), /^the request login .* HTTP 500 no session today$/);
});

test("sessions that end during the load begin again in every model, and a login that fails is a problem of the load", async () => {
  const requestsOfToken = 3;
  for (const model of [{}, { rate: 200 }, { keepAlive: false }]) {
    const uses = new Map<string, number>();
    let lastLogin = Number.POSITIVE_INFINITY;
    const { behave, seen } = api({
      isExpired: (token) => {
        const used = (uses.get(token) ?? 0) + 1;
        uses.set(token, used);
        return used > requestsOfToken;
      },
      acceptsLogins: () => seen.logins < lastLogin,
    });
    const good = await load(behave, { ...model, renewAfterMs: 0 });
    assert.deepEqual([good.result.failed, good.problems], [0, []], JSON.stringify(good.result.errors));
    assert.ok(seen.logins > 4, String(seen.logins));
    assert.equal(good.result.sent, good.result.completed);
    lastLogin = seen.logins + 5;
    const bad = await load(behave, { ...model, renewAfterMs: 0 });
    assert.ok((bad.result.errors.status["401"] ?? 0) > 0, JSON.stringify(bad.result.errors));
    assert.match(bad.problems[0] ?? "", /^the request login .* HTTP 500 no session today$/);
  }
});
