import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";

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
