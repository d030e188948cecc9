import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { derivePools } from "../../config/derive.ts";
import { idleMemory } from "../../config/gateway-memory.ts";
import { MiB } from "../../config/units.ts";
import { validate } from "../../config/validate.ts";
import { bodyVolumeBytes } from "../../nginx/buffered-bodies.ts";
import { startPath } from "../../nginx/health.ts";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { requestText } from "./raw-http.ts";

let pod: EchoPod;
before(async () => {
  pod = await EchoPod.start("0.0.0.0");
});
after(() => pod?.stop());

/** So many loopback addresses; the pod listens on all of them. */
const addresses = (count: number) =>
  Array.from({ length: count }, (_, index) => `127.1.${index >> 8}.${index & 255}`);
const light = "GET /api/light HTTP/1.1";
const isGood = ({ status }: { status: number }) => status === 200;

/** Runs a test with a gateway in front of so many addresses. */
async function withGateway(
  { count = 3, ...changes }: Parameters<typeof gatewaySettings>[1] & { count?: number },
  body: (gateway: Gateway) => Promise<void>,
): Promise<void> {
  const gateway = await Gateway.start(gatewaySettings(pod.port, changes), addresses(count));
  try {
    await body(gateway);
  } finally {
    pod.handle = () => false;
    await gateway.stop();
  }
}

test("the zone holds the pods of the largest pool, the surge of its rollout, and all pods that they replace", () => {
  const server = `${"p".repeat(60)}.${"n".repeat(63)}.svc.cluster.local:${pod.port}`;
  const pools = gatewaySettings(pod.port).pools.map((pool) => ({ ...pool, server, replicas: 500 }));
  return withGateway({ count: 670, pools }, async (gateway) => {
    await gateway.until(light, isGood);
    const serving = new Set<string | undefined>();
    pod.handle = ({ socket }) => serving.add(socket.localAddress) !== undefined;
    const old = Array.from({ length: 670 }, () => {
      const socket = connect({ port: gateway.port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.write(requestText(light));
      return socket;
    });
    while (serving.size < 670) await sleep(50);
    gateway.dns.addresses = addresses(670).map((address) => address.replace("127.1.", "127.5."));
    pod.handle = ({ socket }) => !serving.add(socket.localAddress);
    // Nginx asks for the addresses every two seconds.
    for (const untilMs = Date.now() + 60_000; serving.size < 1340 && Date.now() < untilMs; )
      await (await fetch(`http://127.0.0.1:${gateway.port}/api/light`)).text();
    for (const socket of old) socket.destroy();
    assert.equal(serving.size, 1340);
    assert.doesNotMatch(gateway.log, /memory/);
  });
});

test("the gateway counts as started when a pod answers, and not before", () =>
  withGateway({ count: 0 }, async (gateway) => {
    const start = () => gateway.request(`GET ${startPath} HTTP/1.1`);
    for (let probe = 0; probe < 3; probe++) assert.equal((await start()).status, 503);
    gateway.dns.addresses = addresses(2);
    for (let probe = 0; probe < 20 && !isGood(await start()); probe++) await sleep(300);
    assert.equal(pod.received.at(-1)?.url, "/livez");
    assert.equal((await gateway.request(light)).status, 200);
  }));

test("the gateway counts as started after a bounded number of probes without a pod", () =>
  withGateway({ count: 0 }, async (gateway) => {
    let probes = 1;
    while ((await gateway.request(`GET ${startPath} HTTP/1.1`)).status !== 200) probes += 1;
    assert.ok(probes > 10 && probes <= 30, `${probes} probes`);
    assert.equal((await gateway.request(light)).status, 503);
    assert.equal((await gateway.request("GET /healthz HTTP/1.1")).status, 200);
  }));

test("bodies that arrive slowly take no more than the volume, and small ones still arrive", () =>
  withGateway({ maxBody: 100 * MiB }, async (gateway) => {
    await gateway.until(light, isGood);
    const slots = Math.floor((bodyVolumeBytes(100 * MiB) * 0.3) / (100 * MiB));
    const head = requestText("PUT /api/users/1 HTTP/1.1", [`Content-Length: ${100 * MiB}`]);
    const slow = Array.from({ length: slots }, () => {
      const socket = connect({ port: gateway.port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.write(`${head}x`);
      return socket;
    });
    try {
      const refused = await gateway.until(
        `PUT /api/users/1 HTTP/1.1\r\nContent-Length: ${50 * MiB}`,
        ({ status }) => status === 503,
      );
      assert.ok(refused >= 0);
      for (const length of [10, 20_000, 500_000]) {
        const text = requestText("PUT /api/users/1 HTTP/1.1", [`Content-Length: ${length}`]);
        assert.equal((await gateway.send(text + "x".repeat(length))).status, 200, `${length} bytes`);
      }
      const chunked = requestText("PUT /api/users/1 HTTP/1.1", ["Transfer-Encoding: chunked"]);
      const response = await gateway.send(`${chunked}1\r\nx\r\n`);
      assert.equal(response.status, 503);
      assert.equal(response.headers.get("retry-after"), "1");
      assert.match(JSON.parse(response.body).message, /large bodies/);
    } finally {
      for (const socket of slow) socket.destroy();
    }
  }));

test("uploads are streamed, so that the limit of buffered bodies does not count them", () =>
  withGateway({ maxBody: 1024 }, async (gateway) => {
    await gateway.until(light, isGood);
    const text = requestText("POST /api/upload HTTP/1.1", ["Content-Length: 100000"]);
    const response = await gateway.send(text + "x".repeat(100_000));
    assert.deepEqual([response.status, JSON.parse(response.body).length], [200, 100_000]);
  }));

test("a large response to a slow client takes no space on the volume", () =>
  withGateway({}, async (gateway) => {
    await gateway.until(light, isGood);
    const large = Buffer.alloc(64 * MiB);
    let sent = 0;
    pod.handle = (_, response) => {
      response.writeHead(200, { "content-length": large.length });
      const write = (): void => {
        for (let hasRoom = true; hasRoom && sent < large.length; sent += MiB)
          hasRoom = response.write(large.subarray(0, MiB));
        response.once("drain", write);
      };
      write();
      return true;
    };
    const socket = connect({ port: gateway.port, host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.pause();
    socket.write(requestText(light));
    await sleep(1500);
    const files = gateway.temporaryFiles();
    socket.destroy();
    assert.equal(files, 0);
    assert.ok(sent > 0 && sent < 32 * MiB, `the pod has sent ${sent / MiB} MiB`);
  }));

test("the gateway serves IPv6 clients and IPv6 pods with a resolver that has an IPv6 address", async () => {
  const six = await EchoPod.start("::1");
  const gateway = await Gateway.start(gatewaySettings(six.port, { resolver: "::1" }), ["::1"]);
  try {
    await gateway.until(light, isGood);
    assert.deepEqual([...gateway.dns.queried], [28]);
    const response = await fetch(`http://[::1]:${gateway.port}/api/light`);
    assert.equal(response.status, 200);
    const { headers } = (await response.json()) as { headers: Record<string, string> };
    assert.equal(headers["x-real-ip"], "::1");
  } finally {
    await gateway.stop();
    six.stop();
  }
});

test("idleMemory is not less than what Nginx takes", async () => {
  for (const nginx of [
    {},
    { cpu: "4", memory: "1 GiB" },
    { metrics: true },
    { workerConnections: 20_000, memory: "1 GiB" },
  ]) {
    const config = validate({ nginx });
    const plans = derivePools({ ...config.api, replicas: 75 });
    const pools = gatewaySettings(pod.port).pools.map((pool) => ({ ...pool, replicas: 75 }));
    await withGateway({ ...config.nginx, pools, count: 100 }, async (gateway) => {
      await gateway.until(light, isGood);
      const taken = gateway.memoryBytes();
      const counted = idleMemory(config.nginx, plans);
      assert.ok(
        taken <= counted,
        `${JSON.stringify(nginx)} takes ${taken / MiB} MiB, counted ${counted / MiB} MiB`,
      );
      assert.ok(
        taken > counted / 4,
        `${JSON.stringify(nginx)} takes only ${taken / MiB} of ${counted / MiB} MiB`,
      );
    });
  }
});
