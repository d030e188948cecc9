import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { NginxSettings } from "../../nginx/settings.ts";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { type RawResponse, requestText } from "./raw-http.ts";

let pod: EchoPod;
before(async () => {
  pod = await EchoPod.start();
});
after(() => pod?.stop());

const light = "GET /api/light HTTP/1.1";
const from = (address: string) => `X-Forwarded-For: ${address}`;

/** Runs a test with a gateway that takes the client's address from X-Forwarded-For. Rates are those of a minute. */
async function withLimits(
  limits: Partial<NginxSettings["limits"]>,
  body: (gateway: Gateway) => Promise<void>,
  changes: Partial<NginxSettings> = {},
): Promise<void> {
  const settings = gatewaySettings(pod.port, { trustedProxies: ["127.0.0.0/8"], ...changes });
  settings.limits = { ...settings.limits, ...limits };
  // A machine that stands still for a second would let one more request pass at one in a second.
  const gateway = await Gateway.start(settings, ["127.0.0.1"], (conf) =>
    conf.replace(/rate=(\d+)r\/s/, "rate=$1r/m"),
  );
  try {
    await gateway.until("GET /healthz/started HTTP/1.1", ({ status }) => status === 200);
    await body(gateway);
  } finally {
    pod.handle = () => false;
    await gateway.stop();
  }
}

function assertTooMany(response: RawResponse): void {
  assert.equal(response.status, 429, response.body);
  assert.equal(response.headers.get("retry-after"), "1");
  const { error, message, requestId } = JSON.parse(response.body);
  assert.deepEqual([error, requestId], ["Too Many Requests", response.headers.get("x-request-id")]);
  assert.match(message, /this client/);
}

test("a client that sends more than its rate and its burst gets a 429, and others do not", () =>
  withLimits({ requestsPerSecond: 1, burst: 2 }, async (gateway) => {
    const request = (address: string) => gateway.request(light, from(address));
    for (let sent = 0; sent < 3; sent++) assert.equal((await request("192.0.2.1")).status, 200);
    const before = pod.received.length;
    assertTooMany(await request("192.0.2.1"));
    assert.equal(pod.received.length, before);
    assert.equal((await request("192.0.2.2")).status, 200);
    for (let sent = 0; sent < 5; sent++)
      assert.equal((await gateway.request("GET /healthz HTTP/1.1", from("192.0.2.1"))).status, 200);
  }));

test("uploads count for the client's rate", () =>
  withLimits({ requestsPerSecond: 1, burst: 0 }, async (gateway) => {
    const upload = () => gateway.request("POST /api/upload HTTP/1.1", from("192.0.2.1"), "Content-Length: 0");
    assert.equal((await upload()).status, 200);
    assertTooMany(await upload());
  }));

test("the burst is the requests of one second when the option is not given", () =>
  withLimits({ requestsPerSecond: 7 }, async (gateway) => {
    const statuses: number[] = [];
    for (let sent = 0; sent < 10; sent++)
      statuses.push((await gateway.request(light, from("192.0.2.1"))).status);
    assert.deepEqual(statuses, [...Array(8).fill(200), 429, 429]);
  }));

for (const [what, first, second, isSame] of [
  [
    "two addresses of an IPv6 network of 64 bits",
    "2001:db8:1:2::1",
    "2001:db8:1:2:ffff:ffff:ffff:ffff",
    true,
  ],
  ["two IPv6 networks of 64 bits", "2001:db8:1:2::1", "2001:db8:1:3::1", false],
  ["an IPv4 address and its form in IPv6", "192.0.2.10", "::ffff:192.0.2.10", true],
  ["two IPv4 addresses in the form of IPv6", "::ffff:192.0.2.1", "::ffff:192.0.2.2", false],
  ["two IPv4 addresses of one network", "10.10.10.10", "10.10.10.13", false],
] as const)
  test(`${what} count as ${isSame ? "one client" : "two clients"}`, () =>
    withLimits({ requestsPerSecond: 1, burst: 0, concurrentRequests: 1 }, async (gateway) => {
      assert.equal((await gateway.request(light, from(first))).status, 200);
      assert.equal((await gateway.request(light, from(second))).status, isSame ? 429 : 200);
    }));

test("a client with too many requests in progress gets a 429, also for a body that has room", () =>
  withLimits({ concurrentRequests: 2 }, async (gateway) => {
    pod.handle = ({ url }) => url === "/never";
    const waiting = [1, 2].map(() => gateway.request("GET /api/never HTTP/1.1", from("192.0.2.1")));
    while (pod.received.filter(({ url }) => url === "/never").length < 2) await sleep(10);
    assertTooMany(await gateway.request(light, from("192.0.2.1")));
    const body = requestText("PUT /api/users/1 HTTP/1.1", [from("192.0.2.1"), "Content-Length: 50000"]);
    assertTooMany(await gateway.send(body + "x".repeat(50_000)));
    assertTooMany(await gateway.request("POST /api/upload HTTP/1.1", from("192.0.2.1"), "Content-Length: 0"));
    assert.equal((await gateway.request(light, from("192.0.2.2"))).status, 200);
    await Promise.all(waiting);
    assert.equal((await gateway.request(light, from("192.0.2.1"))).status, 200);
  }));

test("a body without room gets a 503, not a 429, beside the limit of each client", () =>
  withLimits({ concurrentRequests: 100 }, async (gateway) => {
    const headers = [from("192.0.2.1"), "Content-Length: 10000000"];
    const slow = Array.from({ length: 30 }, () => {
      const socket = connect({ port: gateway.port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.write(`${requestText("PUT /api/users/1 HTTP/1.1", headers)}x`);
      return socket;
    });
    try {
      await gateway.until(
        ["PUT /api/users/1 HTTP/1.1", ...headers].join("\r\n"),
        ({ status }) => status === 503,
      );
      const response = await gateway.request("PUT /api/users/1 HTTP/1.1", ...headers);
      assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "1"]);
      assert.match(JSON.parse(response.body).message, /large bodies/);
      assert.equal((await gateway.request(light, from("192.0.2.1"))).status, 200);
    } finally {
      for (const socket of slow) socket.destroy();
    }
  }));

test("the zone holds as many clients as the option says", async () => {
  const limits = { requestsPerSecond: 1, burst: 0, clients: 2000 };
  const statuses = async (gateway: Gateway) => {
    const requests = Array.from({ length: limits.clients }, (_, index) =>
      [light, "Host: edge.test", from(`10.0.${index >> 8}.${index & 255}`), "", ""].join("\r\n"),
    );
    const { status, body } = await gateway.send(requests.join("") + requestText("GET /healthz HTTP/1.1"));
    const rest = [...body.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, code]) => Number(code));
    return [status, ...rest.slice(0, -1)];
  };
  await withLimits(limits, async (gateway) => {
    assert.deepEqual(await statuses(gateway), Array(limits.clients).fill(200));
    assert.deepEqual(await statuses(gateway), Array(limits.clients).fill(429));
    assert.doesNotMatch(gateway.log, /could not allocate/);
  });
});
