import assert from "node:assert/strict";
import { test } from "node:test";
import { validate } from "../../config/validate.ts";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";

for (const hashKey of ["$request_uri", "$uri"])
  test(`the gateway sends all requests with one ${hashKey} to one pod, also WebSockets and what is not kept`, async () => {
    const pod = await EchoPod.start("0.0.0.0");
    const { nginx } = validate({
      nginx: { balance: "hash", hashKey, cache: { paths: [{ path: "/api/kept/" }] } },
    });
    const settings = { ...gatewaySettings(pod.port), ...nginx };
    const gateway = await Gateway.start(settings, ["127.1.0.1", "127.1.0.2", "127.1.0.3"]);
    try {
      await gateway.until("GET /api/light HTTP/1.1", ({ status }) => status === 200);
      const podOf = new Map<string, string | undefined>();
      pod.handle = ({ socket, url = "" }) => {
        assert.equal(podOf.get(url) ?? socket.localAddress, socket.localAddress, `${url} has a single pod`);
        return !podOf.set(url, socket.localAddress);
      };
      for (const [line, ...headers] of [
        ["GET /api/socket/", "Upgrade: websocket", "Connection: Upgrade"],
        ["PUT /api/kept/", "Content-Length: 0"],
        ["GET /api/kept/"],
        ["GET /api/light/"],
      ] as const) {
        podOf.clear();
        for (let index = 0; index < 60; index++)
          assert.equal((await gateway.request(`${line}${index >> 1} HTTP/1.1`, ...headers)).status, 200);
        assert.equal(new Set(podOf.values()).size, 3, line);
      }
    } finally {
      await gateway.stop();
      pod.stop();
    }
  });

test("a request whose hash has a pod that is gone reaches another one, also without a bound of failures", async () => {
  const pod = await EchoPod.start("127.1.0.1");
  const changes = { balance: "hash", hashKey: "$request_uri", maxFails: 0 } as const;
  const gateway = await Gateway.start(gatewaySettings(pod.port, changes), ["127.1.0.1", "127.1.0.2"]);
  try {
    await gateway.until("GET /api/light HTTP/1.1", ({ status }) => status === 200);
    for (let index = 0; index < 40; index++)
      assert.equal((await gateway.request(`POST /api/${index} HTTP/1.1`, "Content-Length: 0")).status, 200);
  } finally {
    await gateway.stop();
    pod.stop();
  }
});
