import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { derivePools } from "../../config/derive.ts";
import type { RawConfig } from "../../config/stack-config.ts";
import { validate } from "../../config/validate.ts";
import type { NginxSettings } from "../../nginx/settings.ts";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { Prometheus } from "./prometheus.ts";

const light = "GET /api/light HTTP/1.1";
const hosts = { blue: ["127.4.0.1", "127.4.0.2"], green: ["127.5.0.1"], spare: ["127.6.0.1"] };
let pod: EchoPod;
before(async () => {
  pod = await EchoPod.start("0.0.0.0");
});
after(() => pod?.stop());

/** Root's worker processes belong to another user, who may not empty the log. A short wait makes a short test. */
const adapt = (conf: string): string => `user root;\n${conf.replaceAll("flush=1s", "flush=100ms")}`;

/** Runs a test with a gateway that has metrics. The pods of each pool have the addresses of its host. */
async function withGateway(
  raw: { nginx?: object; api?: RawConfig["api"] },
  body: (gateway: Gateway) => Promise<void>,
): Promise<void> {
  const nginx = { metrics: true, memory: "128 MiB", ...raw.nginx };
  const config = validate({ ...raw, nginx });
  const pools = derivePools(config.api).map((pool) => ({
    ...pool,
    server: `${pool.serviceName}:${pod.port}`,
  }));
  const settings: NginxSettings = { ...gatewaySettings(pod.port), ...config.nginx, pools };
  const gateway = await Gateway.start(settings, [], adapt);
  gateway.dns.addressesOf = (name) =>
    hosts[/^api-(green|spare)/.exec(name)?.[1] as keyof typeof hosts] ?? hosts.blue;
  try {
    await body(gateway);
  } finally {
    pod.handle = () => false;
    await gateway.stop();
  }
}

/** The metrics' text. */
async function scrape(gateway: Gateway): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${gateway.metricsPort}/metrics`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  return response.text();
}

/** The sum of the samples whose name and labels begin so. */
function sum(text: string, sample: string, ...labels: string[]): number {
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${sample}{`) && labels.every((label) => line.includes(label)))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** The metrics, once they have counted so many responses to clients, and attempts with status 2xx. */
async function counted(gateway: Gateway, responses: number, attempts = 0): Promise<string> {
  for (let waits = 0; waits < 200; waits++) {
    const text = await scrape(gateway);
    const served = sum(text, "gateway_pod_attempts_total", 'status="2xx"');
    if (sum(text, "gateway_responses_total") >= responses && served >= attempts) return text;
    await sleep(50);
  }
  throw new Error(`fewer than ${responses} responses, or ${attempts} attempts: ${await scrape(gateway)}`);
}

/** The number of requests until the first response with 200. */
async function untilReady(gateway: Gateway): Promise<number> {
  let requests = 0;
  await gateway.until(light, ({ status }) => ++requests > 0 && status === 200);
  return requests;
}

async function send(gateway: Gateway, count: number, line = light): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  for (let sent = 0; sent < count; sent++) {
    const { status } = await gateway.request(line);
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return statuses;
}

test("the metrics count what clients got, what pods answered, retries and the cache, over two workers", () =>
  withGateway(
    { nginx: { cpu: "2", cache: { paths: [{ path: "/api/kept/", ttl: "1 h" }] } } },
    async (gateway) => {
      const refused = (await untilReady(gateway)) - 1;
      assert.deepEqual(await send(gateway, 60), { 200: 60 });
      assert.deepEqual(await send(gateway, 7, "GET /nothing HTTP/1.1"), { 404: 7 });
      assert.deepEqual(await send(gateway, 5, "GET /api/kept/1 HTTP/1.1"), { 200: 5 });
      pod.handle = (_, response) => !!response.writeHead(404).end();
      assert.deepEqual(await send(gateway, 4), { 404: 4 });
      pod.handle = (_, response) => !!response.writeHead(502).end();
      assert.deepEqual(await send(gateway, 3), { 502: 3 });
      // One of the pods ends each of its connections.
      pod.handle = ({ socket }) =>
        socket.localAddress?.endsWith(hosts.blue[0] ?? "") === true && !!socket.destroy();
      assert.deepEqual(await send(gateway, 2), { 200: 2 });
      pod.handle = ({ socket }) => !!socket.destroy();
      assert.deepEqual(await send(gateway, 1, "POST /api/light HTTP/1.1"), { 503: 1 });
      const served = 1 + 60 + 1 + 2;
      const text = await counted(gateway, refused + 1 + 60 + 7 + 5 + 4 + 3 + 2 + 1, served);
      const responses = (status: string) => sum(text, "gateway_responses_total", `status="${status}"`);
      assert.deepEqual(["2xx", "3xx", "4xx", "5xx"].map(responses), [
        1 + 60 + 5 + 2,
        0,
        7 + 4,
        3 + 1 + refused,
      ]);
      const own = (status: number) => sum(text, "gateway_own_responses_total", `status="${status}"`);
      assert.deepEqual([404, 502, 503].map(own), [7, 0, 1 + refused]);
      const results = (result: string) => sum(text, "gateway_cache_results_total", `result="${result}"`);
      assert.deepEqual(["MISS", "HIT"].map(results), [1, 4]);
      const attempts = (...labels: string[]) =>
        sum(text, "gateway_pod_attempts_total", 'pool="api"', ...labels);
      // The requests to the first pod that failed were repeated, the POST was not.
      const retries = sum(text, "gateway_pod_retries_total", 'pool="api"', `pod_ip="${hosts.blue[0]}"`);
      assert.ok(retries >= 1 && retries <= 2, `${retries} retries`);
      assert.equal(attempts('status="failed"'), retries + 1);
      assert.equal(attempts('status="2xx"'), served);
      assert.deepEqual([attempts('status="4xx"'), attempts('status="5xx"')], [4, 3]);
      assert.equal(attempts(), sum(text, "gateway_pod_response_seconds_count") + retries + 1);
      assert.ok(hosts.blue.every((ip) => attempts(`pod_ip="${ip}"`) > 20));
      assert.equal(
        sum(text, "gateway_pod_response_seconds_bucket", 'le="+Inf"'),
        sum(text, "gateway_pod_response_seconds_count"),
      );
      assert.match(text, /^gateway_connections\{state="active"\} [1-9]/m);
      const accepted = Number(/^gateway_connections_accepted_total (\d+)$/m.exec(text)?.[1]);
      const workers = readFileSync(`/proc/${gateway.pid}/task/${gateway.pid}/children`, "utf8")
        .trim()
        .split(" ");
      assert.ok(workers.length >= 2);
      assert.ok(accepted >= refused + 83, `${accepted} connections`);
    },
  ));

test("a real Prometheus reads the metrics, and knows the requests by pool", () =>
  withGateway({}, async (gateway) => {
    const sent = (await untilReady(gateway)) + 5;
    await send(gateway, 5);
    await counted(gateway, sent);
    const prometheus = await Prometheus.start(gateway.metricsPort);
    try {
      const attempts = 'sum(gateway_pod_attempts_total{pool="api",status="2xx"})';
      assert.equal(await prometheus.query(attempts), 6);
      assert.equal(await prometheus.query("sum(gateway_responses_total)"), sent);
      const quantile = "histogram_quantile(0.5, sum by (le) (gateway_pod_response_seconds_bucket))";
      assert.ok((await prometheus.query(quantile)) > 0);
    } finally {
      await prometheus.stop();
    }
  }));

test("the metrics keep their counts when a worker process ends", () =>
  withGateway({ nginx: { cpu: "2" } }, async (gateway) => {
    const sent = (await untilReady(gateway)) + 20;
    await send(gateway, 20);
    await counted(gateway, sent);
    const children = readFileSync(`/proc/${gateway.pid}/task/${gateway.pid}/children`, "utf8")
      .trim()
      .split(" ");
    // The first worker process is the one that counts.
    process.kill(Number(children[0]), "SIGKILL");
    let more = 0;
    while (more < 20)
      more += await gateway.request(light).then(
        ({ status }) => Number(status === 200),
        () => 0,
      );
    await counted(gateway, sent + 20);
  }));

for (const sticky of [false, true])
  test(`attempts have the pool of their pod, backups too, when clients stay on a pool: ${sticky}`, () => {
    const pools = [
      { name: "blue", replicas: 2, weight: 50 },
      { name: "green", replicas: 1, weight: 50 },
      { name: "spare", replicas: 1, backup: true },
    ];
    return withGateway({ nginx: { sticky }, api: { pools } }, async (gateway) => {
      const sent = await untilReady(gateway);
      await send(gateway, 40);
      const text = await counted(gateway, sent + 40);
      const attempts = (pool: string, ip: string) =>
        sum(text, "gateway_pod_attempts_total", `pool="api-${pool}"`, `pod_ip="${ip}"`, 'status="2xx"');
      const byPool = Object.entries(hosts).map(([pool, ips]) => ips.map((ip) => attempts(pool, ip)));
      assert.equal(
        byPool.flat().reduce((total, value) => total + value),
        41,
      );
      assert.ok((byPool[1]?.[0] ?? 0) > 5, JSON.stringify(byPool));
      pod.handle = ({ socket }) => !socket.localAddress?.endsWith(hosts.spare[0] ?? "") && !!socket.destroy();
      // All other pods fail, so that the spare one serves soon.
      let spare = 0;
      for (let tries = 0; tries < 40 && spare < 3; tries++) spare += (await send(gateway, 1))[200] ?? 0;
      assert.equal(spare, 3);
      for (let waits = 0; ; waits++) {
        const served = sum(
          await scrape(gateway),
          "gateway_pod_attempts_total",
          'pool="api-spare"',
          'status="2xx"',
        );
        if (served >= 3) break;
        assert.ok(waits < 200, `${served} attempts of the spare pool`);
        await sleep(50);
      }
    });
  });

test("the metrics have a port of their own, without TLS and PROXY protocol, and scrapes are not logged", () =>
  withGateway(
    {
      nginx: {
        accessLog: true,
        proxyProtocol: true,
        trustedProxies: ["127.0.0.1/32"],
        publicUrl: "https://edge.test",
        tls: { selfSigned: true },
        limits: { requestsPerSecond: 1 },
      },
    },
    async (gateway) => {
      const request = (port: number) =>
        fetch(`http://127.0.0.1:${port}/metrics`).then(({ status }) => status);
      assert.equal(await request(gateway.probePort), 404);
      assert.deepEqual(await Promise.all([1, 2, 3].map(() => request(gateway.metricsPort))), [200, 200, 200]);
      for (const path of ["/", "/connections", "/pools/0", "/api/light"]) {
        const response = await fetch(`http://127.0.0.1:${gateway.metricsPort}${path}`);
        assert.equal(response.status, 404, path);
      }
      await sleep(1500);
      assert.equal((await gateway.accessLog(0)).filter(({ uri }) => uri === "/metrics").length, 1);
    },
  ));
