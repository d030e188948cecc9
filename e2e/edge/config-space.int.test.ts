import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { apiPathsOf } from "../../config/api-paths.ts";
import { derivePools } from "../../config/derive.ts";
import { ConfigError } from "../../config/problem.ts";
import { hasTls } from "../../config/sections/nginx-tls.ts";
import type { RawConfig, StackConfig } from "../../config/stack-config.ts";
import { validate } from "../../config/validate.ts";
import { imageName, recipes } from "../../local/images/recipes.ts";
import type { NginxSettings } from "../../nginx/settings.ts";
import { EchoPod } from "./echo-pod.ts";
import { checkConf, Gateway } from "./gateway.ts";
import { nginxCommand, versionOf } from "./nginx-binary.ts";
import { testCertificate } from "./tls-folder.ts";

/** Values from `min` to `max`, the bounds among them. */
const range = (min: number, max: number) =>
  fc.oneof(
    { arbitrary: fc.constantFrom(min, max), weight: 1 },
    { arbitrary: fc.integer({ min, max }), weight: 3 },
  );
const time = (min: number, max: number) => range(min, max).map((ms) => `${ms} ms`);
const name = fc.stringMatching(/^[a-z][a-z0-9]{0,48}[a-z0-9]$/);
const network = fc.oneof(
  fc.tuple(fc.ipV4(), range(0, 32)).map(([address, bits]) => `${address}/${bits}`),
  fc
    .tuple(
      fc.ipV6().filter((address) => !address.includes(".")),
      range(0, 128),
    )
    .map(([address, bits]) => `${address}/${bits}`),
);

const headerName = fc.stringMatching(/^[A-Z][A-Za-z0-9]{0,20}(-[A-Z0-9][A-Za-z0-9]{0,20}){0,2}$/);
const headerValue = fc.stringMatching(/^([!-#%-~]([ -#%-~]{0,60}[!-#%-~])?)?$/);
const headers = fc.oneof(
  { arbitrary: fc.dictionary(headerName, headerValue, { maxKeys: 5 }), weight: 3 },
  { arbitrary: fc.constant({ "X-Own": '\\"'.repeat(750) }), weight: 1 },
);
const limits = fc.record(
  {
    headerLine: range(1024, 8192).map((bytes) => `${bytes} B`),
    headers: range(10, 1000),
    concurrentRequests: range(1, 65_535),
    requestsPerSecond: range(1, 100_000),
    burst: range(0, 1_000_000),
    clients: range(1000, 10_000_000),
  },
  { requiredKeys: [] },
);
const methods = fc.uniqueArray(
  fc.oneof(fc.constantFrom("GET", "HEAD", "DEFAULT", "INCLUDE"), fc.stringMatching(/^[A-Z][A-Z-]{0,31}$/)),
  { minLength: 1, maxLength: 8 },
);
const pair = testCertificate();
const tls = fc
  .tuple(
    fc.constantFrom(
      {},
      { secret: "edge" },
      { selfSigned: true },
      { certificate: pair.certificate, key: pair.key },
    ),
    fc.record({ redirect: fc.boolean(), hsts: fc.constantFrom("0 s", "26280 h") }, { requiredKeys: [] }),
  )
  .map(([source, more]) => (Object.keys(source).length === 0 ? {} : { ...source, ...more }));

const segment = fc.stringMatching(/^[a-z0-9]([A-Za-z0-9._~!@+:=-]{0,40}[a-z0-9])?$/);
const ownPath = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 3 }), fc.constantFrom("", "/"))
  .map(([segments, end]) => `/${segments.join("/")}${end}`);
const contract = fc.record(
  {
    live: fc.oneof(fc.constantFrom("/", "/healthz"), ownPath),
    ready: ownPath,
    metrics: ownPath,
    prefix: fc.constantFrom("/api/", "/"),
    uploads: fc.uniqueArray(ownPath, { maxLength: 3 }),
  },
  { requiredKeys: ["live"] },
);
const cachedPath = fc.record(
  {
    path: ownPath.map((path) => `/api${path}`),
    ttl: time(1000, 3_600_000),
    stale: time(0, 24 * 3_600_000),
  },
  { requiredKeys: ["path"] },
);
// A large cache needs much memory, and no client stays on its pool with one.
const cache = fc.oneof(
  { arbitrary: fc.constant({}), weight: 4 },
  {
    arbitrary: fc.record({
      size: fc.constantFrom("1 MiB", "64 MiB", "64 GiB"),
      paths: fc.array(cachedPath, { minLength: 1, maxLength: 3 }),
    }),
    weight: 1,
  },
);

/** Every option that nginx.conf is rendered from, over its whole range. */
const anyConfig = fc.record({
  nginx: fc.record(
    {
      balance: fc.constantFrom("round-robin", "least-conn", "random-two", "ip-hash", "hash"),
      hashKey: fc.oneof(
        fc.constantFrom(
          "$request_uri",
          "$uri",
          "$args",
          "$query_string",
          "$request",
          "$request_method",
          "$host",
        ),
        fc.constantFrom("$content_type", "$remote_addr", "$remote_user"),
        fc.stringMatching(/^\$(http|arg|cookie)_[a-z0-9_]{1,20}$/),
      ),
      cpu: range(100, 64_000).map((millicpu) => `${millicpu}m`),
      memory: fc.constantFrom("64 MiB", "64 GiB"),
      sticky: fc.constantFrom(true, false, false),
      proxyProtocol: fc.constantFrom(true, false, false),
      publicUrl: fc.constant("https://api.example.org"),
      maxConnectionsPerPod: range(1, 65_535),
      keepalive: range(1, 10_000),
      workerConnections: range(64, 65_536),
      connectTimeout: time(50, 75_000),
      timeout: time(100, 3_600_000),
      webSocketTimeout: time(1000, 86_400_000),
      streamPaths: fc.uniqueArray(fc.stringMatching(/^\/api(\/[A-Za-z0-9._~!@+:=-]{1,9}){0,3}\/?$/), {
        maxLength: 3,
      }),
      streamTimeout: time(1000, 86_400_000),
      drain: time(3_600_000, 86_400_000),
      retryTimeouts: fc.boolean(),
      retryBudget: fc.record({ percent: range(0, 100), perSecond: range(0, 100_000) }, { requiredKeys: [] }),
      maxFails: range(0, 1000),
      failTimeout: time(1000, 3_600_000),
      maxBody: range(1024, 2 ** 40).map((bytes) => `${bytes} B`),
      accessLog: fc.boolean(),
      metrics: fc.boolean(),
      traceSampling: fc.oneof(
        range(0, 100),
        fc.double({ min: 0, max: 100, noNaN: true }).map((n) => Number(n.toFixed(6))),
      ),
      ipv6: fc.boolean(),
      trustedProxies: fc.array(network, { maxLength: 5 }),
      limits,
      methods,
      securityHeaders: headers,
      tls,
      cache,
    },
    { requiredKeys: ["memory", "publicUrl"] },
  ),
  api: fc.record(
    {
      uploadMax: range(1024, 2 ** 40).map((bytes) => `${bytes} B`),
      contract,
      pools: fc.uniqueArray(
        fc.record({ name, replicas: range(0, 500), weight: range(0, 1000), backup: fc.boolean() }),
        { minLength: 1, maxLength: 6, selector: (pool) => pool.name },
      ),
    },
    { requiredKeys: [] },
  ),
});

/** Paths of the gateway have no `/api` where the API's prefix is `/`. */
const rawConfig = anyConfig.map((raw) => {
  if (raw.api.contract?.prefix !== "/") return raw;
  const own = (path: string) => path.replace(/^\/api\/?/, "/");
  const { streamPaths, cache } = raw.nginx;
  const paths = "paths" in (cache ?? {}) ? (cache as { paths: { path: string }[] }).paths : undefined;
  const nginx = {
    ...raw.nginx,
    ...(streamPaths && { streamPaths: [...new Set(streamPaths.map(own))] }),
    ...(paths && { cache: { ...cache, paths: paths.map((each) => ({ ...each, path: own(each.path) })) } }),
  };
  return { ...raw, nginx };
});

function settingsOf({ nginx, api }: StackConfig, resolver: string, podPort = 3000): NginxSettings {
  const pools = derivePools(api).map((pool) => ({
    ...pool,
    server: `${pool.serviceName}.${"n".repeat(63)}.svc.cluster.local:${podPort}`,
  }));
  return { ...nginx, uploadMax: api.uploadMax, paths: apiPathsOf(api.contract), pools, resolver };
}

/** The config, without the options that have no effect; undefined when it breaks another rule. */
function accepted(raw: RawConfig): StackConfig | undefined {
  try {
    return validate(raw);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const unread = error.problems.flatMap(({ fix }) => /^remove it: .* --path (\S+)$/.exec(fix)?.[1] ?? []);
    return unread.length === 0 ? undefined : accepted(unread.reduce(without, raw));
  }
}

/** The config without the option at a path. */
function without(raw: RawConfig, path: string): RawConfig {
  const copy = structuredClone(raw);
  const keys = path.split(".");
  let place: Record<string, unknown> = copy;
  for (const key of keys.slice(0, -1)) place = place[key] as Record<string, unknown>;
  delete place[keys.at(-1) ?? ""];
  return copy;
}

const resolvers = fc.constantFrom("10.43.0.10", "fd00::a");

test("nginx -t takes whatever the stack config takes", async () => {
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(rawConfig, resolvers, async (raw, resolver) => {
      const config = accepted(raw);
      fc.pre(config !== undefined);
      const { ok, messages } = await checkConf(settingsOf(config, resolver));
      assert.ok(ok, messages);
      assert.doesNotMatch(
        messages.replaceAll(/.*low address bits of.*\n|.*duplicate network.*\n/g, ""),
        /\[(warn|error|emerg)\]/,
      );
      checked += 1;
    }),
    { numRuns: 150, maxSkipsPerRun: 50 },
  );
  assert.equal(checked, 150);
});

test("Nginx starts with whatever the stack config takes, and serves a pod", async () => {
  const pod = await EchoPod.start("127.0.0.1");
  try {
    await fc.assert(
      fc.asyncProperty(rawConfig, async (raw) => {
        // Many worker processes or connections need more than this machine may have.
        const nginx = { ...raw.nginx, proxyProtocol: false, memory: "512 MiB" };
        const config = accepted({ ...raw, nginx });
        fc.pre(config?.api.pools?.some(({ backup }) => !backup) ?? config !== undefined);
        const gateway = await Gateway.start(settingsOf(config as StackConfig, "127.0.0.1", pod.port));
        try {
          const isPassedOn = config?.nginx.methods?.includes("GET") ?? true;
          const { tls } = (config as StackConfig).nginx;
          const isRedirected = hasTls(tls) && tls.redirect;
          const expected = isRedirected ? 308 : isPassedOn ? 200 : 405;
          await gateway.until("GET /api/light HTTP/1.1", ({ status }) => status === expected);
          assert.doesNotMatch(gateway.log, /\[emerg\]|\[crit\]/);
        } finally {
          await gateway.stop();
        }
      }),
      { numRuns: 12, maxSkipsPerRun: 200 },
    );
  } finally {
    pod.stop();
  }
});

test("the Nginx of the base image has the version that its tag says, and does not know least_time", async () => {
  const recipe = recipes.find((each) => each.name === "nginx");
  const version = versionOf(await nginxCommand());
  assert.ok(recipe && version.startsWith(`${recipe.tag}.`), version);
  const { nginx } = validate({
    nginx: { balance: "least-time" },
    images: { nginx: "example.org/nginx:1.31" },
  });
  const settings = settingsOf({ ...validate({}), nginx }, "10.43.0.10");
  assert.match((await checkConf(settings)).messages, /unknown directive "least_time"/);
  assert.equal(
    accepted({ nginx: { balance: "least-time" }, images: { nginx: imageName(recipe) } }),
    undefined,
  );
});
