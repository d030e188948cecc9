import assert from "node:assert/strict";
import { test } from "node:test";
import { ownNames, partsOf, stackValueOf, stackValues } from "./stack-values.ts";

const services = {
  databaseUrl: "postgres://us%20er:p%23ss@database:5432/shop?sslmode=require",
  redisNodes: ["redis-0.redis.space.svc.cluster.local:6379", "redis-1.redis.space.svc.cluster.local:6379"],
  redisUser: "api",
  redisPassword: "a/b",
};

test("stackValueOf gives each value as a program needs it", () => {
  const values = Object.fromEntries(stackValues.map((value) => [value, stackValueOf(value, services)]));
  assert.deepEqual(values, {
    databaseUrl: services.databaseUrl,
    databaseHost: "database",
    databasePort: "5432",
    databaseUser: "us er",
    databasePassword: "p#ss",
    databaseName: "shop",
    redisUrl: "redis://api:a%2Fb@redis-0.redis.space.svc.cluster.local:6379",
    redisNodes: services.redisNodes.join(","),
    redisNode: services.redisNodes[0],
    redisHost: "redis-0.redis.space.svc.cluster.local",
    redisPort: "6379",
    redisUser: "api",
    redisPassword: "a/b",
  });
});

test("partsOf reads an address of IPv6, and the port that a URL does not name", () => {
  const { host, port, user } = partsOf("postgresql://[fd00::1]/shop");
  assert.deepEqual([host, port, user], ["fd00::1", "5432", ""]);
  assert.equal(partsOf("postgres://h:1/shop?port=6432").port, "6432");
});

test("stackValueOf has nothing of a database that is not there", () => {
  const { databaseUrl: _, ...others } = services;
  assert.deepEqual(
    [
      stackValueOf("databaseUrl", others),
      stackValueOf("databaseHost", others),
      stackValueOf("redisUser", others),
    ],
    ["", "", "api"],
  );
});

test("ownNames leaves out what is set in any case", () => {
  assert.deepEqual(ownNames({ DATABASE_URL: "databaseUrl", PGHOST: "databaseHost" }), [
    ["PGHOST", "databaseHost"],
  ]);
});
