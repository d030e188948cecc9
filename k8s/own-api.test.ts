import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { ofKind, type Recorded, resolved } from "./testing/recording-mocks.ts";
import { runProgram } from "./testing/run-program.ts";
import { startStubRegistry } from "./testing/stub-registry.ts";

const digest = `sha256:${"a".repeat(64)}`;
let image: string;
let recorded: Recorded[];
let outputs: Awaited<ReturnType<typeof runProgram>>["program"];

before(async () => {
  const registry = await startStubRegistry({ digest, platforms: ["linux/amd64"] });
  image = `${registry.address}/shop:1`;
  ({ recorded, program: outputs } = await runProgram({
    api: {
      source: { image },
      contract: {
        port: 8080,
        live: "/alive",
        ready: "/ready",
        prefix: "/",
        env: { PGHOST: "databaseHost", PGPASSWORD: "databasePassword", REDIS: "redisNode" },
      },
      shutdownDelay: "4 s",
    },
  }));
  registry.stop();
});

const container = () =>
  ofKind(recorded, "Deployment").find(({ name }) => name === "api")?.inputs.spec.template.spec.containers[0];

test("an API of one's own has its image by its digest, its port, its probes, and time before SIGTERM", () => {
  const { image: deployed, ports, startupProbe, readinessProbe, livenessProbe, lifecycle, env } = container();
  assert.equal(deployed, `${image}@${digest}`);
  assert.deepEqual(ports, [{ name: "http", containerPort: 8080 }]);
  assert.deepEqual(
    [startupProbe, readinessProbe, livenessProbe].map(({ httpGet }) => [httpGet.path, httpGet.port]),
    [
      ["/alive", "http"],
      ["/ready", "http"],
      ["/alive", "http"],
    ],
  );
  assert.ok(lifecycle.preStop.sleep.seconds >= 4);
  assert.equal(env.find(({ name }: { name: string }) => name === "PORT").value, "8080");
});

test("variables of its own names are in the Secret of its pods, and not in their template", async () => {
  const { env, envFrom } = container();
  const secret = ofKind(recorded, "Secret").find(({ name }) => name === "api");
  const stringData = secret?.inputs.stringData.value;
  assert.equal(stringData.PGHOST, "database");
  assert.match(stringData.REDIS, /^redis-0\.redis\.\S+:6379$/);
  const [, password] = /:([^:@]+)@/.exec(stringData.DATABASE_URL) ?? [];
  assert.equal(stringData.PGPASSWORD, password);
  assert.ok(!JSON.stringify(env).includes("PG"));
  assert.equal(envFrom.length, 1);
});

test("the gateway passes its paths on as they are, and hides those of its probes", () => {
  const conf = ofKind(recorded, "ConfigMap").find(({ name }) => name === "nginx")?.inputs.data["nginx.conf"];
  assert.doesNotMatch(conf, /[^/]\/api\b/);
  assert.match(conf, /map "\$api_path \$uri" \$is_hidden \{(?:\n {4}.*)*\/alive/);
});

test("the gateway sends requests to its port, and asks its path at the start", () => {
  const [conf] = ofKind(recorded, "ConfigMap")
    .filter(({ name }) => name === "nginx")
    .map(({ inputs }) => inputs.data["nginx.conf"] as string);
  assert.match(conf ?? "", /server api-headless\.\S+:8080 /);
  assert.match(conf ?? "", /proxy_pass http:\/\/\w+\/alive;/);
  assert.match(conf ?? "", /keepalive_timeout 4s;/);
  assert.ok(!conf?.includes("/livez"));
});

test("it may use all keys of Redis, and not administer the cluster", () => {
  const users = JSON.stringify(ofKind(recorded, "Secret").find(({ name }) => name === "redis-users")?.inputs);
  assert.match(users, /user api on \S+ ~\* &\* \+@all -@admin -@dangerous /);
});

test("the outputs have its image and its port", async () => {
  assert.equal(await resolved(pulumi.output(outputs.apiImage)), `${image}@${digest}`);
  const { apiPort, hasInternalPort } = outputs.network;
  assert.deepEqual([apiPort, hasInternalPort], [8080, false]);
  assert.equal(outputs.loadtest.apiPrefix, "/");
});
