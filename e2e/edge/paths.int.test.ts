import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { apiPathsOf } from "../../config/api-paths.ts";
import { validate } from "../../config/validate.ts";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { requestText } from "./raw-http.ts";

let pod: EchoPod;
let gateway: Gateway;
before(async () => {
  pod = await EchoPod.start();
  gateway = await Gateway.start(gatewaySettings(pod.port));
  await gateway.until("GET /api/light HTTP/1.1", ({ status }) => status === 200);
});
after(async () => {
  await gateway?.stop();
  pod?.stop();
});

for (const [sent, received] of [
  ["/api/users/1%2F2", "/users/1%2F2"],
  ["/api/users/a%20b%3Fc", "/users/a%20b%3Fc"],
  ["/api//users///3", "//users///3"],
  ["/api/./users/../users/7", "/./users/../users/7"],
  ["/api/users?ids=1%2C2&a=//b", "/users?ids=1%2C2&a=//b"],
  ["/api/", "/"],
  ["/api/?x", "/?x"],
  ["/api/users/%C3%A4", "/users/%C3%A4"],
  ["/api/%6Cight", "/%6Cight"],
  ["/api/users/+;=@:$&'()*,!~", "/users/+;=@:$&'()*,!~"],
  ["/api/api/x", "/api/x"],
  ["/%61p%69/light", "/light"],
  ["/api/upload", "/upload"],
  ["/api/upload?x=%2F", "/upload?x=%2F"],
  ["/api//upload", "//upload"],
  ["/api/%75pload", "/%75pload"],
] as const)
  test(`the gateway passes on ${sent} as ${received}`, async () => {
    const response = await gateway.request(`GET ${sent} HTTP/1.1`);
    assert.equal(response.status, 200, response.body);
    assert.equal(JSON.parse(response.body).url, received);
  });

for (const sent of [
  "//api/light",
  "/x/../api/light",
  "/x/../api/upload",
  "/api%2Flight",
  "/./api/light",
  "/api/..",
  "/api/../x",
  "/api/%2e%2e/x",
  "/api/x/../../y",
  "/api/light#x",
  "/api/upload#x",
])
  test(`the gateway responds to ${sent}, which is not below /api/ both as sent and as meant, with 404`, async () => {
    const response = await gateway.request(`GET ${sent} HTTP/1.1`);
    assert.equal(response.status, 404, response.body);
  });

for (const streamPaths of [["/api"], ["/api/"], ["/api/", "/api"]])
  test(`the gateway serves the same paths when the paths of streams are ${streamPaths.join(" and ")}`, async () => {
    const streaming = await Gateway.start(gatewaySettings(pod.port, { streamPaths }));
    try {
      assert.ok((await streaming.until("GET /api/light HTTP/1.1", ({ status }) => status === 200)) >= 0);
      for (const path of ["/api", "/x", "/api/../x"])
        assert.equal((await streaming.request(`GET ${path} HTTP/1.1`)).status, 404, path);
    } finally {
      await streaming.stop();
    }
  });

test("the gateway passes on a path that is that of streams without its slash", async () => {
  const streamPaths = ["/api/events/", "/api/upload/", "/api/both", "/api/both/"];
  const streaming = await Gateway.start(gatewaySettings(pod.port, { streamPaths }));
  try {
    await streaming.until("GET /api/light HTTP/1.1", ({ status }) => status === 200);
    for (const path of ["/events", "/events/", "/events/7", "/both", "/both/", "/upload"])
      assert.equal(JSON.parse((await streaming.request(`GET /api${path} HTTP/1.1`)).body).url, path);
  } finally {
    await streaming.stop();
  }
});

const shop = { live: "/live", ready: "/ready", metrics: "/metrics" };
const pathsOf = (contract: object) => apiPathsOf(validate({ api: { contract } }).api.contract);

test("the gateway passes on all paths as they are with the prefix /, but its own", async () => {
  const paths = pathsOf({ ...shop, prefix: "/" });
  const root = await Gateway.start(gatewaySettings(pod.port, { paths, streamPaths: ["/events/"] }));
  try {
    await root.until("GET /light HTTP/1.1", ({ status }) => status === 200);
    for (const path of [
      "/",
      "/api",
      "/api/x",
      "//x",
      "/a/../b",

      "/1%2F2?a=%3F",
      "/events",
      "/upload",
    ])
      assert.equal(JSON.parse((await root.request(`GET ${path} HTTP/1.1`)).body).url, path);
    assert.equal((await root.request("GET /healthz HTTP/1.1")).body, "ok\n");
    for (const path of ["/healthz/", "/healthz/x?y", "//healthz/x", "/.edge/", "/.edge/x", "/.edge/error"]) {
      const { status, body } = await root.request(`GET ${path} HTTP/1.1`);
      assert.equal(status, 404, path);
      assert.match(body, /^\{"error":"Not Found","message":"this path is not served to clients"/, path);
    }
    assert.equal((await root.request("GET /healthz/alive HTTP/1.1")).status, 204);
    for (const path of ["/.edge/websocket", "/x#y", "/../x", "/%2e%2e/b"]) {
      const { status } = await root.request(`GET ${path} HTTP/1.1`);
      assert.ok(status === 404 || status === 400, `${path} ${status}`);
    }
    pod.handle = (_, response) => {
      response.writeHead(201, { location: "/users/7" }).end();
      return true;
    };
    assert.equal((await root.request("GET /x HTTP/1.1")).headers.get("location"), "/users/7");
  } finally {
    pod.handle = () => false;
    await root.stop();
  }
});

for (const [prefix, base] of [
  ["/", ""],
  ["/api/", "/api"],
])
  test(`the gateway hides the paths of probes and metrics with the prefix ${prefix}, in every spelling`, async () => {
    const paths = pathsOf({ ...shop, ready: "/live/ready", prefix, public: ["/live/ready"] });
    const hiding = await Gateway.start(gatewaySettings(pod.port, { paths, streamPaths: [`${base}/`] }));
    try {
      await hiding.until(`GET ${base}/light HTTP/1.1`, ({ status }) => status === 200);
      for (const path of [
        "/metrics",
        "/METRICS?x",
        "/metrics/",
        "//metrics",
        "/x/../metrics",
        "/%6Detrics",
        "/live",
      ]) {
        const { status, body } = await hiding.request(`GET ${base}${path} HTTP/1.1`);
        assert.equal(status, 404, path);
        assert.match(body, base === "" ? /not served to clients/ : /without the paths of its probes/, path);
      }
      for (const path of [
        "/metrics/../x",
        "/live;a/../x",
        "/x/..;/metrics",
        "/;x/metrics",
        "/.\\metrics",
        "//host/metrics",
        "/x%2Fy/../metrics",
        `${"/".repeat(7000)}metrics`,
        `${"/;x".repeat(2000)}/metrics`,
      ])
        assert.equal((await hiding.request(`GET ${base}${path} HTTP/1.1`)).status, 404, path);
      for (const path of [
        "/live/ready",
        "/live/ready?x",
        "/metricsx",
        "/x/metrics",
        "/x?a=\\/..;/metrics",
        "/a%5Cb;c//d",
      ])
        assert.equal((await hiding.request(`GET ${base}${path} HTTP/1.1`)).status, 200, path);
    } finally {
      await hiding.stop();
    }
  });

test("the gateway keeps responses, and tries another pod, with the prefix /", async () => {
  const settings = gatewaySettings(pod.port, { paths: pathsOf({ ...shop, prefix: "/" }) });
  const { cache } = validate({ nginx: { cache: { paths: [{ path: "/api/stats/", ttl: "1 h" }] } } }).nginx;
  const kept = { ...cache, paths: cache.paths.map((each) => ({ ...each, path: "/stats/" })) };
  // Nothing listens on the second address.
  const keeping = await Gateway.start({ ...settings, cache: kept, maxFails: 0 }, ["127.0.0.1", "127.0.0.2"]);
  try {
    await keeping.until("GET /light HTTP/1.1", ({ status }) => status === 200);
    const asked = async (path: string) =>
      (await keeping.request(`GET ${path} HTTP/1.1`)).headers.get("x-edge-cache-status");
    assert.deepEqual(
      [await asked("/stats/a"), await asked("/stats/a"), await asked("/stats")],
      ["MISS", "HIT", undefined],
    );
    for (let count = 0; count < 6; count++)
      assert.equal((await keeping.request(`GET /x${count} HTTP/1.1`)).status, 200);
  } finally {
    await keeping.stop();
  }
});

test("the gateway streams uploads to the paths of the contract, and nothing else", async () => {
  const paths = pathsOf({ ...shop, prefix: "/", uploads: ["/files/", "/avatar"] });
  const settings = gatewaySettings(pod.port, { paths, maxBody: 1024, uploadMax: 1024 ** 2 });
  const streaming = await Gateway.start(settings);
  try {
    await streaming.until("GET /light HTTP/1.1", ({ status }) => status === 200);
    const statusOf = async (line: string) =>
      (
        await streaming.send(
          `${requestText(`${line} HTTP/1.1`, ["Content-Length: 5000"])}${"x".repeat(5000)}`,
        )
      ).status;
    for (const line of ["POST /files/a", "PUT /files/a/b", "PATCH /avatar", "POST /files/../files/a"])
      assert.equal(await statusOf(line), 200, line);
    for (const line of ["POST /upload", "POST /files", "POST /avatar/x", "DELETE /files/a"])
      assert.equal(await statusOf(line), 413, line);
    for (const path of ["/files", "/files/", "/files/a", "/avatar"])
      assert.equal(JSON.parse((await streaming.request(`GET ${path} HTTP/1.1`)).body).url, path);
  } finally {
    await streaming.stop();
  }
});

test("the gateway corrects a Location of the API, whose paths do not have the prefix", async () => {
  pod.handle = (request, response) => {
    response.writeHead(201, { location: request.url === "/own" ? "/users/7" : "https://other.test/x" }).end();
    return true;
  };
  const location = async (path: string) =>
    (await gateway.request(`GET ${path} HTTP/1.1`)).headers.get("location");
  assert.equal(await location("/api/own"), "/api/users/7");
  assert.equal(await location("/api/other"), "https://other.test/x");
});
