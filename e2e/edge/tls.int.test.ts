import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { Agent, type RequestOptions, request } from "node:https";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { validate } from "../../config/validate.ts";
import { waitForFrontDoor } from "../../loadtest/load/front-door.ts";
import { runLoad } from "../../loadtest/load/load.ts";
import { countErrors } from "../../loadtest/load/load-result.ts";
import { tlsSettingsOf } from "../../loadtest/load/tls.ts";
import { sampleScenarios } from "../../loadtest/testing/samples.ts";
import { ticketKeyBytes } from "../../nginx/tls.ts";
import { EchoPod } from "./echo-pod.ts";
import { checkConf, Gateway, gatewaySettings } from "./gateway.ts";
import { sendRaw } from "./raw-http.ts";
import { testCertificate, testFiles } from "./tls-folder.ts";

const { authority } = testFiles();
const light = "GET /api/light HTTP/1.1";

let pod: EchoPod;
let gateway: Gateway;
before(async () => {
  pod = await EchoPod.start();
  gateway = await start({ redirect: true, secret: "edge", hsts: "8760 h" });
});
after(async () => {
  await gateway?.stop();
  pod?.stop();
});

async function start(tls: object, tickets = testFiles().tickets): Promise<Gateway> {
  const { nginx } = validate({ nginx: { tls } });
  const settings = gatewaySettings(pod.port, { ...nginx, cpu: 2000, accessLog: true });
  const started = await Gateway.start(settings, ["127.0.0.1"], undefined, { ...testFiles(), tickets });
  for (let tries = 0; ; tries++) {
    if ((await get("/api/light", {}, started)).status === 200) return started;
    assert.ok(tries < 300, started.log);
    await sleep(50);
  }
}

interface Got {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** One HTTPS request; without an agent, on a connection of its own. */
async function get(path: string, options: RequestOptions = {}, to = gateway): Promise<Got> {
  const base = { host: "127.0.0.1", port: to.tlsPort, servername: "localhost", ca: authority, agent: false };
  const sent = request({ ...base, path, ...options } as RequestOptions);
  sent.end();
  const [response] = await once(sent, "response");
  let body = "";
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}

async function handshake(
  options: ConnectionOptions = {},
  to = gateway,
  onSession: (session: Buffer) => void = () => {},
): Promise<TLSSocket> {
  const socket = connect({
    port: to.tlsPort,
    host: "127.0.0.1",
    servername: "localhost",
    ca: authority,
    ...options,
  });
  socket.on("session", onSession);
  await once(socket, "secureConnect");
  return socket;
}

test("HTTPS requests reach the pods, which learn of the scheme", async () => {
  const { status, headers, body } = await get("/api/light?x=1");
  assert.equal(status, 200);
  const echo = JSON.parse(body);
  assert.equal(echo.url, "/light?x=1");
  assert.equal(echo.headers["x-forwarded-proto"], "https");
  assert.equal(headers["strict-transport-security"], "max-age=31536000");
});

test("errors of the gateway over HTTPS have the API's form and the header of HSTS", async () => {
  const { status, headers, body } = await get("/nothing");
  assert.deepEqual([status, JSON.parse(body).error], [404, "Not Found"]);
  assert.equal(headers["strict-transport-security"], "max-age=31536000");
  assert.equal(headers["x-request-id"], JSON.parse(body).requestId);
});

test("the header of HSTS has the pod's value when the pod sends it", async () => {
  pod.handle = (_, response) => {
    response.writeHead(200, { "strict-transport-security": "max-age=5", "content-length": 0 }).end();
    return true;
  };
  const { headers } = await get("/api/own");
  pod.handle = () => false;
  assert.equal(headers["strict-transport-security"], "max-age=5");
});

test("a request over HTTP on the port of HTTPS gets 400 in the API's form", async () => {
  const response = await sendRaw(gateway.tlsPort, `${light}\r\nHost: edge.test\r\nConnection: close\r\n\r\n`);
  assert.deepEqual([response.status, JSON.parse(response.body).error], [400, "Bad Request"]);
});

test("requests over HTTP are redirected with method, path and query, and probes are not", async () => {
  for (const [line, location] of [
    ["GET /api/users/1?x=%20y HTTP/1.1", "https://edge.test/api/users/1?x=%20y"],
    ["POST / HTTP/1.1", "https://edge.test/"],
  ] as const) {
    const { status, headers } = await gateway.request(line, "Content-Length: 0");
    assert.deepEqual([status, headers.get("location")], [308, location]);
  }
  assert.equal((await gateway.request("GET /healthz HTTP/1.1")).status, 200);
  assert.equal((await gateway.request("GET /healthz/started HTTP/1.1")).status, 200);
  assert.ok(!pod.received.some(({ url }) => url === "/users/1?x=%20y"));
});

test("without the redirect, the API is served over both, and HSTS only over HTTPS", async () => {
  const both = await start({ selfSigned: true, redirect: false, hsts: "1 h" });
  try {
    const plain = await both.request(light);
    assert.equal(JSON.parse(plain.body).headers["x-forwarded-proto"], "http");
    assert.equal(plain.headers.get("strict-transport-security"), undefined);
    assert.equal((await get("/api/light", {}, both)).headers["strict-transport-security"], "max-age=3600");
  } finally {
    await both.stop();
  }
});

for (const [version, isTaken] of [
  ["TLSv1.1", false],
  ["TLSv1.2", true],
  ["TLSv1.3", true],
] as const)
  test(`a client of ${version} is ${isTaken ? "served" : "refused"}`, async () => {
    const options = { minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" };
    const protocol = await handshake(options).then(
      (socket) => {
        const found = socket.getProtocol();
        socket.destroy();
        return found;
      },
      () => undefined,
    );
    assert.equal(protocol, isTaken ? version : undefined);
  });

test("HTTP/2 serves many requests at the same time on one connection", async () => {
  const session = connectHttp2(`https://localhost:${gateway.tlsPort}`, { ca: authority });
  try {
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const stream = session.request({ ":path": `/api/light?n=${index}`, ":method": "GET" });
        const [headers] = await once(stream, "response");
        let body = "";
        for await (const chunk of stream) body += chunk;
        assert.equal(JSON.parse(body).url, `/light?n=${index}`);
        return headers[":status"];
      }),
    );
    assert.deepEqual([...new Set(statuses)], [200]);
    assert.equal(session.alpnProtocol, "h2");
  } finally {
    session.destroy();
  }
});

for (const version of ["TLSv1.2", "TLSv1.3"] as const)
  test(`a ${version} client resumes its session at another pod with the same key of the tickets, and not with another`, async () => {
    const [same, other] = [
      await start({ secret: "edge" }),
      await start({ secret: "edge" }, Buffer.alloc(ticketKeyBytes, 7)),
    ];
    try {
      const options = { minVersion: version, maxVersion: version };
      const sessions: Buffer[] = [];
      const first = await handshake(options, gateway, (session) => sessions.push(session));
      first.write(`${light}\r\nHost: edge.test\r\n\r\n`);
      await once(first, "data");
      first.destroy();
      const session = sessions.at(-1);
      assert.ok(session);
      const resumed = async (to: Gateway) => {
        const socket = await handshake({ ...options, session }, to);
        const isReused = socket.isSessionReused();
        socket.destroy();
        return isReused;
      };
      assert.equal(await resumed(same), true);
      assert.equal(await resumed(other), false);
    } finally {
      await same.stop();
      await other.stop();
    }
  });

test("a renewed certificate is served without an error on old and new connections", async () => {
  const renewing = await start({ secret: "edge" });
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: authority });
  const renewed = testCertificate();
  const both = authority + renewed.authority;
  const session = connectHttp2(`https://localhost:${renewing.tlsPort}`, { ca: both });
  let connections = 0;
  let old: TLSSocket | undefined;
  try {
    const serial = async () => {
      const socket = await handshake({ ca: both, session: undefined }, renewing);
      connections += 1;
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      return certificate?.serialNumber;
    };
    const kept = async () => {
      const response = await get("/api/light", { agent, ca: both }, renewing);
      assert.equal(response.status, 200);
      const [socket] = Object.values(agent.freeSockets)[0] ?? [];
      old ??= socket as TLSSocket;
      assert.equal(socket, old, "the connection that is kept has been replaced");
      const stream = session.request({ ":path": "/api/light" });
      const [headers] = await once(stream.resume(), "response");
      assert.equal(headers[":status"], 200);
    };
    await kept();
    assert.equal(await serial(), new X509Certificate(testFiles().certificate).serialNumber);
    renewing.tls.replace(renewed);
    const wanted = new X509Certificate(renewed.certificate).serialNumber;
    // Both worker processes read the files anew.
    for (let inARow = 0, tries = 0; inARow < 20; tries++) {
      assert.ok(tries < 400, "the renewed certificate is not served");
      inARow = (await serial()) === wanted ? inARow + 1 : 0;
      await kept();
      await sleep(25);
    }
    await kept();
    assert.ok(connections > 20);
    assert.doesNotMatch(renewing.log, /\[(error|crit|alert|emerg)\]/);
  } finally {
    session.destroy();
    agent.destroy();
    await renewing.stop();
  }
});

for (const source of [{ secret: "edge" }, { selfSigned: true }])
  test(`nginx -t refuses a certificate of ${Object.keys(source)} that does not fit its key`, async () => {
    const { nginx } = validate({ nginx: { tls: source } });
    const settings = gatewaySettings(3000, nginx);
    const files = { ...testFiles(), key: testCertificate().key };
    const { ok, messages } = await checkConf(settings, files);
    assert.equal(ok, false);
    assert.match(messages, /SSL_CTX_use_PrivateKey.*failed.*key values mismatch/);
    assert.equal((await checkConf(settings)).ok, true);
  });

for (const [model, options] of [
  ["closed", {}],
  ["closed model without keep-alive", { keepAlive: false }],
  ["fixed rate", { rate: 50 }],
] as const)
  test(`the load test's ${model} accepts the stack's own certificate at any address, and no other`, async () => {
    const trusted = await tlsSettingsOf(
      { ca: undefined, insecure: false },
      { authority, serverName: "edge.test" },
    );
    const other = { authority: testCertificate().authority, serverName: "edge.test" };
    const distrusted = await tlsSettingsOf({ ca: undefined, insecure: false }, other);
    const scenario = sampleScenarios().find(({ name }) => name === "light");
    assert.ok(scenario);
    pod.handle = (_, response) => response.end('{"ok":true}') !== undefined;
    // An address that the certificate does not have, as that of a load balancer.
    const endpoint = `https://127.0.0.2:${gateway.tlsPort}`;
    try {
      await waitForFrontDoor(endpoint, { tls: trusted });
      await assert.rejects(waitForFrontDoor(endpoint, { tls: distrusted }), /certificate .* is not accepted/);
      const load = {
        endpoint,
        scenario,
        connections: 4,
        durationSeconds: 1,
        warmupSeconds: 0,
        timeoutSeconds: 20,
      };
      const good = await runLoad({ ...load, users: 20, seed: 1, tls: trusted, ...options });
      assert.deepEqual([good.failed, countErrors(good.errors)], [0, 0], JSON.stringify(good.errors));
      assert.ok(good.completed > 20);
    } finally {
      pod.handle = () => false;
    }
  });
