import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheVolumeBytes, cacheZoneBytes } from "../../config/cache-size.ts";
import { idleMemory } from "../../config/gateway-memory.ts";
import { MiB } from "../../config/units.ts";
import { validate } from "../../config/validate.ts";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";

const nginx = {
  cache: {
    size: "1 MiB",
    paths: [
      { path: "/api/users/", ttl: "1 s", stale: "3 s" },
      { path: "/api/long/", ttl: "1 h" },
      { path: "/api/one", ttl: "1 h" },
    ],
  },
};

let pod: EchoPod;
let gateway: Gateway;
let keys = 0;
before(async () => {
  pod = await EchoPod.start();
  gateway = await Gateway.start(gatewaySettings(pod.port, validate({ nginx }).nginx));
  await gateway.until("GET /api/light HTTP/1.1", ({ status }) => status === 200);
});
after(async () => {
  await gateway?.stop();
  pod?.stop();
});

/** A path of its own for each test. */
const newPath = (below: string) => `/api/${below}/${++keys}`;
/** The pod's requests for a path. */
const reads = (path: string) => pod.received.filter(({ url }) => `/api${url}` === path).length;
const statusOf = (response: Response) => response.headers.get("x-edge-cache-status");

async function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> {
  const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, {
    method,
    headers,
    redirect: "manual",
  });
  const text = await response.text();
  return new Response(text === "" ? null : text, response);
}

/** Lets the pod handle requests in a way of its own while the body runs. */
async function whilePod(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  body: () => Promise<void>,
): Promise<void> {
  pod.handle = (request, response) => {
    handle(request, response);
    return true;
  };
  try {
    await body();
  } finally {
    pod.handle = () => false;
  }
}

/** A response with a known length. */
function respond(
  response: ServerResponse,
  text: string,
  headers: Record<string, string> = {},
  status = 200,
): void {
  response.writeHead(status, { "content-length": Buffer.byteLength(text), ...headers }).end(text);
}

test("one request fills the cache while 50 clients wait, and each gets the response", () => {
  const path = newPath("long");
  return whilePod(
    (_, response) => void sleep(200).then(() => respond(response, "filled")),
    async () => {
      const responses = await Promise.all(Array.from({ length: 50 }, () => get(path)));
      assert.deepEqual(
        [...new Set(await Promise.all(responses.map(async (each) => `${each.status} ${await each.text()}`)))],
        ["200 filled"],
      );
      assert.equal(reads(path), 1);
    },
  );
});

test("under 50 clients, the API gets one request for a key in a second", async (context) => {
  const path = newPath("users");
  let sent = 0;
  const start = Date.now();
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      while (Date.now() - start < 3000) {
        assert.equal((await get(path)).status, 200);
        sent += 1;
      }
    }),
  );
  const seconds = Math.ceil((Date.now() - start) / 1000) + 1;
  context.diagnostic(`${sent} requests, ${reads(path)} of them to the pod`);
  assert.ok(reads(path) >= 2 && reads(path) <= seconds, `${reads(path)} reads in ${seconds} s`);
  assert.ok(sent > 50 * reads(path));
});

test("a slow API at the end of the time delays nobody, and gets one request", async () => {
  const path = newPath("users");
  const held: ServerResponse[] = [];
  assert.equal(statusOf(await get(path)), "MISS");
  await whilePod(
    (_, response) => held.push(response),
    async () => {
      while (statusOf(await get(path)) === "HIT") await sleep(50);
      // The pod has not responded yet, and does so only afterwards.
      const responses = await Promise.all(Array.from({ length: 30 }, () => get(path)));
      assert.deepEqual([...new Set(responses.map(statusOf))], ["UPDATING"]);
      assert.equal(held.length, 1);
      for (const response of held) respond(response, "new");
      for (let tries = 0; (await (await get(path)).text()) !== "new"; tries++) {
        assert.ok(tries < 100, "the new response is not served");
        await sleep(20);
      }
    },
  );
});

test("a stale response is served while the API does not respond, for the time of `stale` and no longer", async () => {
  const path = newPath("users");
  assert.equal(statusOf(await get(path)), "MISS");
  await whilePod(
    (request) => request.socket.destroy(),
    async () => {
      const seen = new Set<string>();
      for (const start = Date.now(); ; await sleep(100)) {
        const response = await get(path);
        seen.add(`${response.status} ${statusOf(response) ?? "none"}`);
        if (response.status === 503) break;
        assert.ok(Date.now() - start < 20_000, [...seen].join());
      }
      assert.ok(seen.has("200 STALE") || seen.has("200 UPDATING"), [...seen].join());
    },
  );
  assert.equal((await get(path)).status, 200);
});

for (const [what, headers, method] of [
  ["Authorization", { authorization: "Bearer x" }, "GET"],
  ["a Cookie", { cookie: "session=1" }, "GET"],
  ["POST", {}, "POST"],
] as const)
  test(`a request with ${what} gets the API's own response, which is not kept`, async () => {
    const path = newPath("long");
    await get(path);
    for (const count of [2, 3]) {
      const response = await get(path, headers, method);
      assert.deepEqual([response.status, statusOf(response)], [200, null]);
      assert.equal(reads(path), count);
    }
    assert.equal(statusOf(await get(path)), "HIT");
  });

test("a GET with a body, and a request for a WebSocket, reach the API", async () => {
  const path = newPath("long");
  await get(path);
  const body = await gateway.send(
    `GET ${path} HTTP/1.1\r\nHost: edge.test\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx`,
  );
  assert.equal(JSON.parse(body.body).length, 1);
  await gateway.request(`GET ${path} HTTP/1.1`, "Upgrade: websocket");
  assert.equal(pod.received.at(-1)?.headers.upgrade, "websocket");
});

for (const [what, headers, status] of [
  ["no-store", { "cache-control": "no-store" }, 200],
  ["private", { "cache-control": "max-age=60, private" }, 200],
  ["a Set-Cookie", { "set-cookie": "a=b" }, 200],
  ["Vary: *", { vary: "*" }, 200],
  ["404", {}, 404],
  ["500", {}, 500],
  ["a body of 100 KB", { "x-large": "yes" }, 200],
] as const)
  test(`a response with ${what} is not kept`, () => {
    const path = newPath("long");
    const text = "x-large" in headers ? "x".repeat(100_000) : "text";
    return whilePod(
      (_, response) => respond(response, text, headers, status),
      async () => {
        for (const count of [1, 2]) {
          assert.equal((await get(path)).status, status);
          assert.equal(reads(path), count);
        }
      },
    );
  });

test("a response with no-cache is kept, and clients get the API's own Cache-Control", () => {
  const path = newPath("long");
  return whilePod(
    (_, response) => respond(response, "text", { "cache-control": "no-cache", etag: '"1"' }),
    async () => {
      for (const expected of ["MISS", "HIT"]) {
        const response = await get(path);
        assert.deepEqual([statusOf(response), response.headers.get("cache-control")], [expected, "no-cache"]);
        assert.equal(response.headers.get("x-edge-cache-control"), null);
      }
      assert.equal((await get(path, { "if-none-match": '"1"' })).status, 304);
    },
  );
});

test("a response with headers of 7 KiB is kept", () => {
  const path = newPath("long");
  return whilePod(
    (_, response) => respond(response, "text", { "x-large": "x".repeat(7 * 1024) }),
    async () => {
      for (const expected of ["MISS", "HIT"]) {
        const response = await get(path);
        assert.deepEqual([response.status, statusOf(response)], [200, expected]);
      }
    },
  );
});

test("host, query and the headers of Vary have responses of their own", () => {
  const path = newPath("long");
  return whilePod(
    (request, response) =>
      respond(response, `${request.headers.host} ${request.url} ${request.headers["accept-language"]}`, {
        vary: "Accept-Language",
      }),
    async () => {
      const texts = new Set<string>();
      for (let turn = 0; turn < 2; turn++)
        for (const host of ["a.test", "b.test"])
          for (const query of ["", "?x=1"])
            for (const language of ["de", "en"]) {
              const line = `GET ${path}${query} HTTP/1.1\r\nHost: ${host}`;
              const text = `${line}\r\nConnection: close\r\nAccept-Language: ${language}\r\n\r\n`;
              const { body } = await gateway.send(text);
              assert.equal(body, `${host} ${path.slice(4)}${query} ${language}`);
              texts.add(body);
            }
      assert.equal(texts.size, 8);
    },
  );
});

test("a kept response has the request's own id and the headers of the gateway, also for HEAD", async () => {
  const path = newPath("long");
  await get(path, { "x-request-id": "first" });
  const received = reads(path);
  for (const method of ["GET", "HEAD"]) {
    const response = await get(path, { "x-request-id": "second" }, method);
    assert.equal(statusOf(response), "HIT");
    assert.equal(response.headers.get("x-request-id"), "second");
    assert.ok(response.headers.get("x-content-type-options"));
  }
  assert.equal(reads(path), received);
});

test("only the listed paths are kept, and a redirect of the API is rewritten once", async () => {
  await get("/api/one");
  assert.equal(statusOf(await get("/api/one")), "HIT");
  for (const path of ["/api/one/2", "/api/onex", "/api/light", "/api/users", "/api/long"]) {
    const response = await get(path);
    assert.deepEqual([response.status, statusOf(response)], [200, null], path);
  }
  await whilePod(
    (_, response) => respond(response, "", { location: "/users/2" }, 302),
    async () => assert.equal((await get(newPath("long"))).headers.get("location"), "/api/users/2"),
  );
});

test("the kept responses take no more than their bound, and Nginx no more memory than is counted", async () => {
  const { nginx: config } = validate({ nginx });
  await whilePod(
    (_, response) => respond(response, "x".repeat(90_000)),
    async () => {
      for (let sent = 0; sent < 800; sent += 20)
        await Promise.all(Array.from({ length: 20 }, () => get(newPath("long"))));
    },
  );
  const { files, bytes } = gateway.keptFiles();
  assert.ok(files > 50 && files <= cacheZoneBytes(config.cache) / 128, `${files} files`);
  assert.ok(bytes <= cacheVolumeBytes(config.cache), `${bytes / MiB} MiB`);
  assert.ok(gateway.memoryBytes() <= idleMemory(config, []), `${gateway.memoryBytes() / MiB} MiB`);
  assert.doesNotMatch(gateway.log, /\[(alert|crit|emerg)\]/);
});
