import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { NginxSettings } from "../../nginx/settings.ts";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";

let pod: EchoPod;
before(async () => {
  pod = await EchoPod.start("0.0.0.0");
});
after(() => pod?.stop());

const requests = 1000;
const addresses = Array.from({ length: 5 }, (_, index) => `127.1.0.${index + 1}`);

/** Every second request is counted, so that few requests give an exact share. */
const adapt = (conf: string): string =>
  conf.replace("  1% 1;", "  50% 1;").replace(/(default \d+\/\d+)\/100;/, "$1/2;");

/** Runs a test with a gateway in front of five pods. */
async function withGateway(
  changes: Partial<NginxSettings>,
  body: (gateway: Gateway) => Promise<void>,
): Promise<void> {
  const settings = gatewaySettings(pod.port, { maxFails: 0, ...changes });
  const gateway = await Gateway.start(settings, addresses, adapt);
  try {
    await gateway.until("GET /api/light HTTP/1.1", ({ status }) => status === 200);
    await body(gateway);
  } finally {
    pod.handle = () => false;
    await gateway.stop();
  }
}

/** The statuses of requests, fifty at a time, and how often pods received them. */
async function send(gateway: Gateway, method: string): Promise<{ statuses: number[]; received: number }> {
  const first = pod.received.length;
  const statuses: number[] = [];
  const client = async (): Promise<void> => {
    for (let sent = 0; sent < requests / 50; sent++) {
      const response = await fetch(`http://127.0.0.1:${gateway.port}/api/light`, { method });
      await response.text();
      statuses.push(response.status);
    }
  };
  await Promise.all(Array.from({ length: 50 }, client));
  return { statuses, received: pod.received.length - first };
}

for (const [what, changes, status] of [
  ["end on each request", {}, 503],
  ["answer no request", { retryTimeouts: true, timeout: 200 }, 504],
] as const)
  test(`pods that ${what} get no more requests again than their share`, () =>
    withGateway({ ...changes, retryBudget: { percent: 20, perSecond: 0 } }, async (gateway) => {
      pod.handle = ({ socket }) => {
        if (status === 503) socket.destroy();
        return true;
      };
      const { statuses, received } = await send(gateway, "GET");
      assert.deepEqual(statuses, Array(requests).fill(status));
      const share = received / requests - 1;
      assert.ok(share > 0.05 && share < 0.25, `${received} of ${requests} requests`);
    }));

test("every request is repeated without a bound", () =>
  withGateway({ retryBudget: { percent: 100, perSecond: 10 } }, async (gateway) => {
    pod.handle = ({ socket }) => {
      socket.destroy();
      return true;
    };
    const { received } = await send(gateway, "GET");
    assert.ok(received >= 2 * requests, `${received} of ${requests} requests`);
  }));

test("all requests succeed while one of five pods ends on each request", () =>
  withGateway({ maxFails: 3 }, async (gateway) => {
    pod.handle = ({ socket }) => {
      if (socket.localAddress !== addresses[0]) return false;
      socket.destroy();
      return true;
    };
    const { statuses } = await send(gateway, "GET");
    assert.deepEqual(statuses, Array(requests).fill(200));
  }));

test("connections that pods refuse are no part of the share", async () => {
  const settings = gatewaySettings(pod.port + 1, { retryBudget: { percent: 0, perSecond: 0 } });
  const other = await EchoPod.start(addresses[0], pod.port + 1);
  const gateway = await Gateway.start(settings, addresses.slice(0, 2));
  try {
    await gateway.until("GET /api/light HTTP/1.1", ({ status }) => status === 200);
    const { statuses } = await send(gateway, "POST");
    assert.deepEqual(statuses, Array(requests).fill(200));
  } finally {
    await gateway.stop();
    other.stop();
  }
});
