import assert from "node:assert/strict";
import { test } from "node:test";
import { parseImageName, registryHost } from "./image-name.ts";

test("parseImageName splits registry, repository and tag", () => {
  assert.deepEqual(parseImageName("localhost:5000/breakwater/api:1a2b"), {
    registry: "localhost:5000",
    repository: "localhost:5000/breakwater/api",
    tag: "1a2b",
  });
});

test("parseImageName uses latest when there is no tag, also after a registry port", () => {
  assert.equal(parseImageName("localhost:5000/api").tag, "latest");
});

test("parseImageName finds no registry in a Docker Hub user name", () => {
  assert.equal(parseImageName("someone/api:1").registry, undefined);
});

test("parseImageName refuses a digest, upper case and a wrong tag, and names the part", () => {
  assert.throws(() => parseImageName("localhost/api@sha256:00"), /contains a digest/);
  assert.throws(() => parseImageName("localhost:5000/Api"), /"Api" must be lowercase/);
  assert.throws(() => parseImageName("localhost:5000/api:"), /the tag "" must be/);
  assert.throws(() => parseImageName("localhost:port/api"), /"localhost:port" is not a registry address/);
});

test("registryHost returns the same host for all addresses of Docker Hub", () => {
  for (const address of [undefined, "docker.io", "https://index.docker.io/v1/"]) {
    assert.equal(registryHost(address), "docker.io");
  }
  assert.equal(registryHost("https://registry.example.com/team"), "registry.example.com");
});
