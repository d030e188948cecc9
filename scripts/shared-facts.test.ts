import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { clusterAccess } from "../config/derive.ts";
import { complete } from "../config/options/option.ts";
import { type ClusterConfig, cluster } from "../config/sections/cluster.ts";
import { embeddedRegistry } from "../config/sections/registry.ts";
import { podTemplate } from "../k8s/pod.ts";
import { recordResources } from "../k8s/testing/recording-mocks.ts";
import { clusterName } from "../local/cluster/layout.ts";
import { network } from "../local/cluster/network.ts";
import { registryEndpoint } from "../local/cluster/registry.ts";
import { imageUser } from "../local/images/recipes.ts";
import { dataPaths, registryAddress } from "../local/paths.ts";
import { plugins } from "../local/plugins/bundle.ts";
import { projectName, projectRoot } from "./stack.ts";

// Facts that two rooms state each by itself, because neither may import the other.

const fileText = (path: string): string => readFileSync(join(projectRoot, path), "utf8");

test("config and local agree on the address of the embedded registry", () => {
  assert.equal(embeddedRegistry, registryAddress);
  assert.equal(new URL(registryEndpoint).port, registryAddress.split(":")[1]);
});

test("config and local agree on the address of the embedded cluster's DNS", () => {
  const embedded = complete(cluster, {}, true) as ClusterConfig;
  assert.equal(embedded.dnsAddress, network.dnsServiceAddress);
});

test("config and local agree on the embedded cluster's kubeconfig and context", () => {
  const { BREAKWATER_HOME: home } = process.env;
  const { kubeconfig, kubeContext } = clusterAccess({}, {}, projectRoot);
  assert.equal(kubeContext, clusterName);
  if (home === undefined) assert.equal(kubeconfig, dataPaths.kubeconfig);
});

test("k8s, the API's Dockerfile and the base images agree on the user of all processes", () => {
  recordResources();
  const { spec } = podTemplate({ labels: {}, spec: { containers: [] } }) as {
    spec: { securityContext: { runAsUser: number } };
  };
  assert.equal(spec.securityContext.runAsUser, imageUser.id);
  assert.match(fileText("app/Dockerfile"), new RegExp(`^USER ${imageUser.id}:${imageUser.id}$`, "m"));
});

test("the own Pulumi plugins have the versions of the npm packages that they serve", () => {
  const { dependencies } = JSON.parse(fileText("package.json")) as { dependencies: Record<string, string> };
  for (const { name, version } of plugins) assert.equal(dependencies[`@pulumi/${name}`], version, name);
});

test("the scripts and Pulumi.yaml agree on the project's name", () => {
  assert.match(fileText("Pulumi.yaml"), new RegExp(`^name: ${projectName}$`, "m"));
});

test("k8s and loadtest agree on the container that asks a Redis node for its role", () => {
  const [, name] =
    /^const clientContainer = "(.+)";$/m.exec(fileText("loadtest/faults/kill-redis-primary.ts")) ?? [];
  assert.ok(name);
  assert.ok(fileText("k8s/redis-cluster.ts").includes(`name: "${name}",`));
});
