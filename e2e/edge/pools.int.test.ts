import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { derivePools } from "../../config/derive.ts";
import type { RawConfig } from "../../config/stack-config.ts";
import { validate } from "../../config/validate.ts";
import type { NginxSettings } from "../../nginx/settings.ts";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";

/** Pods of each pool; all on one port, because DNS gives every host of a pool its own addresses. */
const hosts = { blue: ["127.2.0.1", "127.2.0.2", "127.2.0.3"], green: ["127.3.0.1"] };
type Pool = keyof typeof hosts;
let pods: Record<Pool, EchoPod[]>;
let port: number;
before(async () => {
  const first = await EchoPod.start(hosts.blue[0]);
  port = first.port;
  const rest = await Promise.all(hosts.blue.slice(1).map((host) => EchoPod.start(host, port)));
  pods = {
    blue: [first, ...rest],
    green: await Promise.all(hosts.green.map((host) => EchoPod.start(host, port))),
  };
});
after(() => {
  for (const pod of Object.values(pods ?? {}).flat()) pod.stop();
});

/** The settings of a stack with pools. */
function settingsOf(raw: RawConfig): NginxSettings {
  const { nginx, api } = validate(raw);
  const pools = derivePools(api).map((pool) => ({ ...pool, server: `${pool.serviceName}:${port}` }));
  return { ...gatewaySettings(port), ...nginx, pools };
}

async function start(raw: RawConfig): Promise<Gateway> {
  const gateway = await Gateway.start(settingsOf(raw), []);
  gateway.dns.addressesOf = (name) => hosts[name.startsWith("api-blue") ? "blue" : "green"];
  await gateway.until("GET /api/light HTTP/1.1", ({ status }) => status === 200);
  return gateway;
}

const two = (blue: number, green: number, sticky = false, nginx = {}): RawConfig => ({
  nginx: { sticky, ...nginx },
  api: {
    pools: [
      { name: "blue", replicas: 3, weight: blue },
      { name: "green", replicas: 1, weight: green },
    ],
  },
});

const received = (pool: Pool) => pods[pool].reduce((sum, pod) => sum + pod.received.length, 0);
function forget(): void {
  for (const each of Object.values(pods).flat()) each.received.length = 0;
}

/** Sends requests on a few connections, without waiting for the response of one before the next. */
async function load(gateway: Gateway, count: number): Promise<void> {
  const connections = 10;
  const text = "GET /api/light HTTP/1.1\r\nHost: edge.test\r\n\r\n".repeat(count / connections);
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect({ port: gateway.port, host: "127.0.0.1" });
      let statuses = 0;
      let rest = "";
      socket.write(text);
      for await (const chunk of socket) {
        const seen = rest + chunk.toString("latin1");
        statuses += seen.split("HTTP/1.1 200 OK").length - 1;
        rest = seen.slice(seen.lastIndexOf("\n") + 1);
        if (statuses === count / connections) break;
      }
      assert.equal(statuses, count / connections);
    }),
  );
}

for (const [what, raw, count, share] of [
  ["requests by weight", two(90, 10), 20_000, 10],
  ["new clients by weight", two(90, 10, true), 20_000, 10],
  ["nothing to a pool with weight 0", two(1, 0), 100, 0],
  ["no client to a pool with weight 0", two(0, 1, true), 100, 100],
] as const)
  test(`the gateway distributes ${what}, within two points`, async (context) => {
    const gateway = await start(raw);
    try {
      forget();
      await load(gateway, count);
      const given = (received("green") / count) * 100;
      context.diagnostic(`${given} % to green`);
      assert.ok(Math.abs(given - share) < 2, `${given} %`);
    } finally {
      await gateway.stop();
    }
  });

/** A client that keeps its cookie and fails on everything but a 200. */
class Client {
  cookie: string | undefined;
  pools: (Pool | undefined)[] = [];

  async request(port: number): Promise<Response> {
    const headers = { cookie: `a=b; ${this.cookie ?? "c=d"}; e=f` };
    const response = await fetch(`http://127.0.0.1:${port}/api/light`, { headers });
    assert.equal(response.status, 200, await response.text());
    this.cookie = response.headers.get("set-cookie")?.split(";")[0] ?? this.cookie;
    this.pools.push(this.cookie === undefined ? undefined : (this.cookie.split("=api-")[1] as Pool));
    return response;
  }
}

test("a client stays on its pool, on all pods of it, with one cookie", async () => {
  const gateway = await start(two(50, 50, true));
  try {
    for (const pool of ["blue", "green"] as const) {
      const client = new Client();
      while (client.cookie !== `breakwater_pool=api-${pool}`) {
        client.cookie = undefined;
        const first = await client.request(gateway.port);
        assert.match(
          first.headers.get("set-cookie") ?? "",
          /^breakwater_pool=api-\w+; Path=\/; HttpOnly; SameSite=Lax$/,
        );
      }
      forget();
      for (let sent = 0; sent < 30; sent++)
        assert.equal((await client.request(gateway.port)).headers.get("set-cookie"), null);
      assert.equal(received(pool), 30);
      assert.ok(pods[pool].every((pod) => pod.received.length > 0));
    }
  } finally {
    await gateway.stop();
  }
});

test("a client gets another pool when its cookie names none, or one that takes no traffic", async () => {
  const gateway = await start(two(1, 0, true));
  const many = await start({
    nginx: { sticky: true },
    api: {
      pools: [
        { name: "green", replicas: 1 },
        { name: "default", replicas: 1, weight: 1000 },
        { name: "blue", replicas: 0 },
      ],
    },
  });
  try {
    // A single pool needs no cookie.
    assert.equal((await new Client().request(gateway.port)).headers.get("set-cookie"), null);
    for (const cookie of [
      "breakwater_pool=none",
      "breakwater_pool=api-blue",
      "breakwater_pool=",
      "breakwater_pool=\\",
    ]) {
      const response = await fetch(`http://127.0.0.1:${many.port}/api/light`, { headers: { cookie } });
      assert.match(response.headers.get("set-cookie") ?? "", /^breakwater_pool=api-(default|green);/, cookie);
    }
    const kept = await fetch(`http://127.0.0.1:${many.port}/api/light`, {
      headers: { cookie: "breakwater_pool=api-default" },
    });
    assert.equal(kept.headers.get("set-cookie"), null);
  } finally {
    await gateway.stop();
    await many.stop();
  }
});

test("the clients of a pool without pods are served by the others, and come back", async () => {
  const gateway = await start(two(50, 50, true));
  try {
    const client = new Client();
    client.cookie = "breakwater_pool=api-blue";
    const named = gateway.dns.addressesOf;
    gateway.dns.addressesOf = (name) => (name.startsWith("api-blue") ? [] : named(name));
    for (const pool of ["green", "blue"] as const) {
      if (pool === "blue") gateway.dns.addressesOf = named;
      for (let sent = 0; sent < 10; sent++) {
        forget();
        await client.request(gateway.port);
        if (received(pool) === 0) sent = 0;
        await sleep(50);
      }
    }
    assert.equal(client.cookie, "breakwater_pool=api-blue");
  } finally {
    await gateway.stop();
  }
});

for (const [what, after] of [
  ["its weight becomes 0", two(0, 100, true)],
  ["it is removed", { nginx: { sticky: true }, api: { pools: [{ name: "green", replicas: 1 }] } }],
  ["clients are not sticky and its weight becomes 0", two(0, 100)],
] as const)
  test(`no request fails and all clients move from 90:10 to the other pool when ${what}`, async () => {
    const isSticky = !what.includes("not sticky");
    const old = await start(two(90, 10, isSticky));
    let next: Gateway | undefined;
    let isDone = false;
    const clients = Array.from({ length: 30 }, () => new Client());
    try {
      let { port: current } = old;
      const running = clients.map(async (client) => {
        while (!isDone) await client.request(current);
      });
      const failed = Promise.all(running);
      failed.catch(() => {});
      const progress = async (pool: Pool): Promise<void> => {
        forget();
        while (received(pool) < 100) await Promise.race([sleep(50), failed]);
      };
      await progress("blue");
      // As a rollout does: the new gateway is ready, gets the connections, and then the old one drains.
      next = await start(after);
      current = next.port;
      await old.drain();
      await progress("green");
      assert.equal(received("blue"), 0);
      isDone = true;
      await failed;
      if (isSticky) assert.ok(clients.filter(({ pools }) => pools[0] === "blue").length > 15);
      assert.ok(clients.every((client) => client.pools.length > 0));
    } finally {
      isDone = true;
      await old.stop();
      await next?.stop();
    }
  });

test("a pod has no more requests than maxConnectionsPerPod, and a client gets a 503 when all have", async () => {
  const gateway = await start({ ...two(1, 0), nginx: { maxConnectionsPerPod: 2, cpu: "2" } });
  const release: (() => void)[] = [];
  try {
    for (const pod of pods.blue)
      pod.handle = (_, response) => {
        release.push(() => response.end());
        return true;
      };
    const held = Array.from({ length: 6 }, () => gateway.request("GET /api/held HTTP/1.1"));
    while (release.length < 6) await sleep(20);
    const refused = await gateway.request("GET /api/held HTTP/1.1");
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get("retry-after"), "1");
    assert.equal(release.length, 6);
    for (const end of release) end();
    assert.ok((await Promise.all(held)).every(({ status }) => status === 200));
  } finally {
    for (const pod of pods.blue) pod.handle = () => false;
    await gateway.stop();
  }
});
