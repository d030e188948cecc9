import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";

let pod: EchoPod;
let open: Gateway;
let trusting: Gateway;
before(async () => {
  pod = await EchoPod.start();
  open = await Gateway.start(gatewaySettings(pod.port, { trustedProxies: ["10.0.0.0/8", "fd00::/8"] }));
  trusting = await Gateway.start(
    gatewaySettings(pod.port, { trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"], accessLog: true }),
  );
  for (const gateway of [open, trusting])
    await gateway.until("GET /api/light HTTP/1.1", ({ status }) => status === 200);
});
after(async () => {
  await open?.stop();
  await trusting?.stop();
  pod?.stop();
});

async function received(gateway: Gateway, ...headers: string[]): Promise<Record<string, string | undefined>> {
  const response = await gateway.request("GET /api/light HTTP/1.1", ...headers);
  return JSON.parse(response.body).headers;
}

const claims = [
  "X-Forwarded-For: 198.51.100.7, 10.1.2.3",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: shop.example.org",
  "X-Forwarded-Port: 443",
  "X-Forwarded-Prefix: /shop",
  "X-Forwarded-Server: front",
  "Forwarded: for=198.51.100.7",
  "X-Real-IP: 198.51.100.9",
];

for (const [what, settings] of [
  ["no proxy is trusted", {}],
  ["the client is no trusted proxy", { trustedProxies: ["10.0.0.0/8"] }],
] as const)
  test(`the gateway overwrites all that a request says about its origin when ${what}`, async () => {
    const gateway = await Gateway.start(
      gatewaySettings(pod.port, { ...settings, trustedProxies: [...(settings.trustedProxies ?? [])] }),
    );
    try {
      await gateway.until("GET /api/light HTTP/1.1", ({ status }) => status === 200);
      const headers = await received(gateway, ...claims);
      const about = Object.entries(headers).filter(([name]) => /forwarded|real-ip/.test(name));
      assert.deepEqual(Object.fromEntries(about), {
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
        "x-forwarded-host": "edge.test",
        "x-real-ip": "127.0.0.1",
      });
    } finally {
      await gateway.stop();
    }
  });

test("the gateway keeps what a trusted proxy says about the request's origin", async () => {
  const headers = await received(trusting, ...claims);
  const about = Object.entries(headers).filter(([name]) => /forwarded|real-ip/.test(name));
  assert.deepEqual(Object.fromEntries(about), {
    "x-forwarded-for": "198.51.100.7, 10.1.2.3, 127.0.0.1",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "shop.example.org",
    "x-forwarded-port": "443",
    "x-forwarded-prefix": "/shop",
    "x-forwarded-server": "front",
    forwarded: "for=198.51.100.7",
    "x-real-ip": "198.51.100.7",
  });
  const log = await trusting.accessLog(2);
  assert.equal(log.at(-1)?.client, "198.51.100.7");
});

test("the gateway takes the client's address only from the part that trusted proxies wrote", async () => {
  const headers = await received(trusting, "X-Forwarded-For: 203.0.113.1, 198.51.100.7");
  assert.equal(headers["x-real-ip"], "198.51.100.7");
});

test("the gateway keeps X-Real-IP of a trusted proxy that sends no X-Forwarded-For", async () => {
  const headers = await received(trusting, "X-Real-IP: 198.51.100.9");
  assert.deepEqual([headers["x-real-ip"], headers["x-forwarded-for"]], ["198.51.100.9", "127.0.0.1"]);
});

test("the gateway has values of its own where a trusted proxy sends none, or no scheme", async () => {
  const headers = await received(trusting, "X-Forwarded-Proto: gopher");
  assert.deepEqual(
    [
      headers["x-forwarded-proto"],
      headers["x-forwarded-host"],
      headers["x-forwarded-port"],
      headers["x-real-ip"],
    ],
    ["http", "edge.test", undefined, "127.0.0.1"],
  );
});
