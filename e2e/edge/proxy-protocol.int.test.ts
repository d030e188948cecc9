import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { type RawResponse, requestText, sendRaw } from "./raw-http.ts";

let pod: EchoPod;
let trusting: Gateway;
let strange: Gateway;
before(async () => {
  pod = await EchoPod.start();
  const start = (network: string) =>
    Gateway.start(
      gatewaySettings(pod.port, {
        proxyProtocol: true,
        trustedProxies: [network],
        ipv6: true,
        accessLog: true,
      }),
    );
  trusting = await start("127.0.0.0/8");
  strange = await start("10.0.0.0/8");
  for (const gateway of [trusting, strange])
    while ((await gateway.send(`${version1}${requestText(light)}`)).status !== 200);
});
after(async () => {
  await trusting?.stop();
  await strange?.stop();
  pod?.stop();
});

const light = "GET /api/light HTTP/1.1";
const version1 = "PROXY TCP4 198.51.100.7 10.0.0.1 40000 443\r\n";
const addresses = String.fromCharCode(198, 51, 100, 7, 10, 0, 0, 1, 0, 99, 1, 187);

/** A header of version 2. @param kind version and command, and family */
function binary(kind: string, rest: string, length = rest.length): string {
  return `\r\n\r\n\0\r\nQUIT\n${kind}${String.fromCharCode(length >> 8, length & 255)}${rest}`;
}

/** A field of version 2 beside the addresses. */
function field(type: number, value: string): string {
  return String.fromCharCode(type, value.length >> 8, value.length & 255) + value;
}

const version2 = binary("\x21\x11", addresses);
const claims = [
  "X-Forwarded-For: 203.0.113.9",
  "X-Real-IP: 203.0.113.9",
  "Forwarded: for=203.0.113.9",
  "X-Forwarded-Proto: https",
];

function origin({ body }: RawResponse): Record<string, string> {
  const { headers } = JSON.parse(body) as { headers: Record<string, string> };
  return Object.fromEntries(Object.entries(headers).filter(([name]) => /forwarded|real-ip/.test(name)));
}

for (const [what, begin] of [
  ["version 1", version1],
  ["version 2", version2],
  [
    "version 2 with fields",
    binary("\x21\x11", addresses + field(4, "x".repeat(300)) + field(0xea, "\x01vpce-1")),
  ],
  ["version 2 with empty field", binary("\x21\x11", addresses + field(4, ""))],
  ["version 2 with long field", binary("\x21\x11", addresses + field(0x20, addresses.repeat(20)))],
] as const)
  test(`the gateway takes the client's address from the PROXY protocol of a trusted proxy, ${what}`, async () => {
    const text = requestText(light, [...claims, `X-Request-ID: ${what.replaceAll(" ", "-")}`]);
    assert.deepEqual(origin(await trusting.send(begin + text)), {
      "x-forwarded-for": "198.51.100.7",
      "x-forwarded-host": "edge.test",
      "x-forwarded-proto": "http",
      "x-real-ip": "198.51.100.7",
    });
    assert.equal((await trusting.logged(what.replaceAll(" ", "-"))).client, "198.51.100.7");
  });

test("the gateway does not take the client's address from the PROXY protocol of anybody else", async () => {
  for (const begin of [version1, version2]) {
    const headers = origin(await strange.send(begin + requestText(light, claims)));
    assert.deepEqual([headers["x-real-ip"], headers["x-forwarded-for"]], ["127.0.0.1", "127.0.0.1"]);
  }
});

for (const [what, begin] of [
  ["of a health check", binary("\x20\x00", "")],
  ["of a health check with addresses", binary("\x20\x11", addresses)],
  ["of an unknown family", binary("\x21\x00", addresses)],
  ["of a Unix socket", binary("\x21\x31", "x".repeat(216))],
  ["of an unknown client", "PROXY UNKNOWN\r\n"],
  ["with an address that is none", "PROXY TCP4 999.51.100.7 10.0.0.1 40000 443\r\n"],
] as const)
  test(`the client's address is that of the connection after a PROXY header ${what}`, async () => {
    const headers = origin(await trusting.send(begin + requestText(light, claims)));
    assert.deepEqual([headers["x-real-ip"], headers["x-forwarded-for"]], ["127.0.0.1", "127.0.0.1"]);
  });

for (const [what, begin] of [
  ["without the PROXY protocol", ""],
  ["with a broken PROXY protocol", "PROXY TCP4 a b c d\r\n"],
  ["with a PROXY header of 200 bytes", `PROXY TCP4 198.51.100.7 ${" ".repeat(170)}\r\n`],
  ["with addresses that are shorter than their family's", binary("\x21\x11", addresses.slice(0, 11))],
  ["with IPv4 addresses of the family of IPv6", binary("\x21\x21", addresses)],
  ["with a length that takes in the request", binary("\x21\x11", addresses, 200)],
  ["with a length that is less than the addresses", binary("\x21\x11", addresses, 4)],
  ["with a length of 65,535", binary("\x21\x11", addresses, 65_535)],
  ["with version 3", binary("\x31\x11", addresses)],
] as const)
  test(`the gateway closes a connection ${what}, on IPv4 and IPv6`, async () => {
    for (const host of ["127.0.0.1", "::1"])
      assert.equal((await sendRaw(trusting.port, begin + requestText(light), host)).status, 0);
  });

test("probes reach the gateway without the PROXY protocol, and nothing else does", async () => {
  const probe = (line: string) => sendRaw(trusting.probePort, requestText(line));
  assert.equal((await probe("GET /healthz HTTP/1.1")).status, 200);
  assert.equal((await probe("GET /healthz/started HTTP/1.1")).status, 200);
  for (const line of [light, "GET / HTTP/1.1"]) {
    const response = await probe(line);
    assert.deepEqual([response.status, JSON.parse(response.body).error], [404, "Not Found"]);
  }
});
