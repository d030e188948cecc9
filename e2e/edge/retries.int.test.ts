import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { requestText } from "./raw-http.ts";

let pod: EchoPod;
before(async () => {
  pod = await EchoPod.start("0.0.0.0");
});
after(() => pod?.stop());

const addresses = (count: number) => Array.from({ length: count }, (_, index) => `127.1.0.${index + 1}`);
const light = "GET /api/light HTTP/1.1";
const isGood = ({ status }: { status: number }) => status === 200;

/** Runs a test with a gateway that has open connections to all pods. */
async function withGateway(
  changes: Parameters<typeof gatewaySettings>[1],
  body: (gateway: Gateway) => Promise<void>,
): Promise<void> {
  const gateway = await Gateway.start(
    gatewaySettings(pod.port, { accessLog: true, ...changes }),
    addresses(5),
  );
  try {
    await gateway.until(light, isGood);
    const seen = new Set<string | undefined>();
    pod.handle = ({ socket }) => !seen.add(socket.localAddress);
    await Promise.all(Array.from({ length: 40 }, () => gateway.request(light)));
    assert.equal(seen.size, 5);
    await body(gateway);
  } finally {
    pod.handle = () => false;
    await gateway.stop();
  }
}

for (const [request, pods] of [
  ["GET /api/poison", 2],
  ["HEAD /api/poison", 2],
  ["PUT /api/poison", 2],
  ["DELETE /api/poison", 2],
  ["POST /api/poison", 1],
  ["PATCH /api/poison", 1],
  ["LOCK /api/poison", 1],
  ["POST /api/upload", 1],
  ["GET /api/upload", 2],
  ["PUT /api/upload", 1],
] as const)
  for (const maxFails of [0, 3])
    test(`${request} that ends its pod ends ${pods} pods when all have open connections and maxFails is ${maxFails}`, () =>
      withGateway({ maxFails }, async (gateway) => {
        const ended: (string | undefined)[] = [];
        pod.handle = ({ socket }) => {
          ended.push(socket.localAddress);
          socket.destroy();
          return true;
        };
        const response = await gateway.request(`${request} HTTP/1.1`, "Content-Length: 0");
        assert.equal(response.status, 503);
        assert.equal(ended.length, pods);
        assert.equal(new Set(ended).size, pods);
      }));

test("PUT that ends its pod reaches the next pod with its method, path, query and body", () =>
  withGateway({}, async (gateway) => {
    let attempts = 0;
    pod.handle = (request) => {
      attempts += 1;
      if (attempts > 1) return false;
      request.once("end", () => request.socket.destroy()).resume();
      return true;
    };
    const text = requestText("PUT /api/users/1%2F2?a=%2F HTTP/1.1", ["Content-Length: 300000"]);
    const response = await gateway.send(text + "x".repeat(300_000));
    assert.equal(response.status, 200, response.body);
    const { method, url, length } = JSON.parse(response.body);
    assert.deepEqual([attempts, method, url, length], [2, "PUT", "/users/1%2F2?a=%2F", 300_000]);
  }));

for (const request of ["GET /api/slow", "PUT /api/upload"])
  test(`${request} whose pod takes too long reaches no other pod`, () =>
    withGateway({ timeout: 300 }, async (gateway) => {
      let attempts = 0;
      pod.handle = () => attempts++ >= 0;
      const text = requestText(`${request} HTTP/1.1`, ["Content-Length: 3"]);
      assert.equal((await gateway.send(`${text}abc`)).status, 504);
      assert.equal(attempts, 1);
    }));

for (const [request, pods] of [
  ["GET /api/slow", 2],
  ["PUT /api/slow", 2],
  ["POST /api/slow", 1],
  ["PUT /api/upload", 1],
] as const)
  test(`${request} whose pods take too long reaches ${pods} of them with retryTimeouts`, () =>
    withGateway({ timeout: 300, retryTimeouts: true }, async (gateway) => {
      const reached: (string | undefined)[] = [];
      pod.handle = ({ socket }) => reached.push(socket.localAddress) > 0;
      const response = await gateway.request(`${request} HTTP/1.1`, "Content-Length: 0");
      assert.equal(response.status, 504);
      assert.equal(reached.length, pods);
      assert.equal(new Set(reached).size, pods);
    }));

test("a GET that takes too long and then ends its pod reaches no third pod with retryTimeouts", () =>
  withGateway({ timeout: 300, retryTimeouts: true }, async (gateway) => {
    let attempts = 0;
    pod.handle = ({ socket }) => {
      if (attempts++ > 0) socket.destroy();
      return true;
    };
    assert.equal((await gateway.request("GET /api/slow HTTP/1.1")).status, 503);
    assert.equal(attempts, 2);
  }));

for (const balance of ["round-robin", "least-conn"] as const)
  test(`a route that never answers takes no other route with it, with balance ${balance}`, () =>
    withGateway({ balance, timeout: 300, maxFails: 1, failTimeout: 60_000 }, async (gateway) => {
      pod.handle = ({ url }) => url === "/slow";
      await Promise.all(Array.from({ length: 30 }, () => gateway.request("GET /api/slow HTTP/1.1")));
      for (let sent = 0; sent < 10; sent++) assert.equal((await gateway.request(light)).status, 200);
    }));

for (const path of ["/api/users/1", "/api/upload"])
  test(`POST ${path} reaches the only pod that listens, whatever pods Nginx tries before`, async () => {
    const lonely = await EchoPod.start("127.1.0.2");
    const gateway = await Gateway.start(
      gatewaySettings(lonely.port),
      addresses(path === "/api/upload" ? 2 : 4),
    );
    try {
      await gateway.until(light, isGood);
      for (let sent = 0; sent < 30; sent++) {
        const text = requestText(`POST ${path} HTTP/1.1`, ["Content-Length: 100000"]);
        const response = await gateway.send(text + "x".repeat(100_000));
        assert.deepEqual([response.status, JSON.parse(response.body).length], [200, 100_000]);
      }
    } finally {
      await gateway.stop();
      lonely.stop();
    }
  });

for (const balance of ["round-robin", "least-conn", "random-two", "hash"] as const)
  test(`no GET, PUT or DELETE fails when a pod ends under load, with balance ${balance}`, async () => {
    const pods = await Promise.all(addresses(3).map((address) => EchoPod.start(address, pod.port + 2)));
    const gateway = await Gateway.start(gatewaySettings(pod.port + 2, { balance }), addresses(3));
    try {
      await gateway.until(light, isGood);
      const statuses: Record<number, number> = {};
      let sent = 0;
      const client = async (): Promise<void> => {
        for (let index = sent++; index < 2000; index = sent++) {
          if (index === 1000) pods[0]?.stop();
          if (index === 1500) gateway.dns.addresses = addresses(3).slice(1);
          const method = ["GET", "PUT", "DELETE"][index % 3];
          const response = await fetch(`http://127.0.0.1:${gateway.port}/api/users/${index}`, { method });
          await response.text();
          statuses[response.status] = (statuses[response.status] ?? 0) + 1;
        }
      };
      await Promise.all(Array.from({ length: 60 }, client));
      assert.deepEqual(statuses, { 200: 2000 });
      assert.ok((pods[0]?.received.length ?? 0) > 100);
    } finally {
      await gateway.stop();
      for (const each of pods.slice(1)) each.stop();
    }
  });

test("a request that no pod accepts gets a 503 after four attempts", async () => {
  const gateway = await Gateway.start(gatewaySettings(1, { maxFails: 0, accessLog: true }), addresses(9));
  try {
    await gateway.until(light, ({ status }) => status === 503);
    const response = await gateway.request("POST /api/x HTTP/1.1", "Content-Length: 0", "X-Request-ID: last");
    assert.equal(response.status, 503);
    assert.equal(JSON.parse(response.body).requestId, "last");
    const attempts = await gateway.logged("last");
    assert.equal(String(attempts.pod).split(" : ").length, 4);
    assert.equal(attempts.status, 503);
  } finally {
    await gateway.stop();
  }
});

test("POST reaches another pod when the first one does not complete the connection", async () => {
  // A stopped process accepts nothing: once its queue is full, the kernel drops what begins a connection.
  const code = `require("net").createServer().listen(${pod.port + 1}, "127.1.0.9", 1, () => console.log("listening"))`;
  const silent = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  await once(silent.stdout, "data");
  silent.kill("SIGSTOP");
  const queued = Array.from({ length: 4 }, () => connect({ port: pod.port + 1, host: "127.1.0.9" }));
  for (const socket of queued) socket.on("error", () => {});
  const other = await EchoPod.start("127.1.0.2", pod.port + 1);
  const settings = gatewaySettings(pod.port + 1, { connectTimeout: 200, maxFails: 0, accessLog: true });
  const gateway = await Gateway.start(settings, ["127.1.0.9", "127.1.0.2"]);
  try {
    await gateway.until(light, isGood);
    for (const path of ["/api/x", "/api/upload"]) {
      const pods: string[] = [];
      for (const id of [`${path}a`, `${path}b`]) {
        const headers = ["Content-Length: 0", `X-Request-ID: ${id}`];
        assert.equal((await gateway.request(`POST ${path} HTTP/1.1`, ...headers)).status, 200, path);
        pods.push(String((await gateway.logged(id)).pod));
      }
      assert.ok(
        pods.some((list) => list.startsWith("127.1.0.9")),
        pods.join(),
      );
    }
  } finally {
    await gateway.stop();
    other.stop();
    for (const socket of queued) socket.destroy();
    silent.kill("SIGKILL");
  }
});
