import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";

let pod: EchoPod;
let gateway: Gateway;
before(async () => {
  pod = await EchoPod.start("0.0.0.0");
  gateway = await Gateway.start(gatewaySettings(pod.port), ["127.1.0.1", "127.1.0.2"]);
  await gateway.until(light, ({ status }) => status === 200);
});
after(async () => {
  await gateway?.stop();
  pod?.stop();
});

const light = "GET /api/light HTTP/1.1";

/** Waits for so many more queries of the DNS server. */
async function queries(count: number): Promise<void> {
  for (const until = gateway.dns.queries + count; gateway.dns.queries < until; ) await sleep(20);
}

for (const failure of ["silence", "a server failure", "a refusal"] as const)
  test(`the gateway keeps its pods while DNS responds with ${failure}, and follows DNS again afterwards`, async () => {
    gateway.dns.failure = failure;
    // Each failed query is followed by another one, so that a longer outage is more of the same.
    await queries(2);
    for (let sent = 0; sent < 20; sent++) assert.equal((await gateway.request(light)).status, 200);
    gateway.dns.failure = undefined;
    gateway.dns.addresses = ["127.1.0.3"];
    const seen = new Set<string | undefined>();
    pod.handle = ({ socket }) => !seen.add(socket.localAddress);
    for (let follows = false; !follows; follows = seen.size === 1 && seen.has("127.1.0.3")) {
      seen.clear();
      for (let sent = 0; sent < 6; sent++) assert.equal((await gateway.request(light)).status, 200);
    }
    gateway.dns.addresses = ["127.1.0.1", "127.1.0.2"];
    pod.handle = () => false;
    await queries(3);
  });

for (const [what, hasName] of [
  ["no longer has the name", false],
  ["has the name without an address", true],
] as const)
  test(`the gateway responds with 503 in the API's form when DNS ${what}, and serves after its next query`, async () => {
    gateway.dns.hasName = hasName;
    gateway.dns.addresses = [];
    await gateway.until(light, ({ status }) => status === 503);
    const { body, headers } = await gateway.request(light);
    assert.deepEqual(Object.keys(JSON.parse(body)), ["error", "message", "requestId"]);
    assert.equal(headers.get("retry-after"), "1");
    await queries(2);
    gateway.dns.addresses = ["127.1.0.1", "127.1.0.2"];
    await queries(1);
    const answered = gateway.dns.queries;
    await gateway.until(light, ({ status }) => status === 200);
    assert.ok(gateway.dns.queries <= answered + 1);
  });
