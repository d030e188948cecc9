import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { timeOf } from "../../nginx/directive-times.ts";
import { upstreamIdleMs } from "../../nginx/upstream.ts";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";

/** The API's 72 s and the gateway's 55 s, shortened. */
const podIdleMs = 1500;
const gatewayIdleMs = 500;

test("the gateway ends each idle connection to a pod before the pod does, so that no POST meets a closed one", async () => {
  const pod = await EchoPod.start();
  const ends: boolean[] = [];
  pod.endIdle(podIdleMs, (isByOther) => ends.push(isByOther));
  const own = `keepalive_timeout ${timeOf("keepalive_timeout", upstreamIdleMs)};`;
  const gateway = await Gateway.start(gatewaySettings(pod.port), ["127.0.0.1"], (conf) => {
    assert.ok(conf.includes(own));
    return conf.replace(own, `keepalive_timeout ${gatewayIdleMs}ms;`);
  });
  try {
    await gateway.until("GET /api/light HTTP/1.1", ({ status }) => status === 200);
    const client = async (_: unknown, index: number): Promise<void> => {
      for (let sent = 0; sent < 6; sent++) {
        const response = await gateway.request("POST /api/x HTTP/1.1", "Content-Length: 0");
        assert.equal(response.status, 200);
        // Pauses around both limits.
        await sleep(((index * 6 + sent) % 16) * 100 + 100);
      }
    };
    await Promise.all(Array.from({ length: 12 }, client));
    await sleep(podIdleMs + 1000);
    assert.ok(ends.length > 1, `${ends.length} connections`);
    assert.deepEqual(new Set(ends), new Set([true]));
  } finally {
    await gateway.stop();
    pod.stop();
  }
});
