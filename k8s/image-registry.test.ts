import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { readRegistryImage } from "./image-registry.ts";
import { type StubRegistry, startStubRegistry } from "./testing/stub-registry.ts";

const digest = `sha256:${"a".repeat(64)}`;
const login = { username: "me", password: "hush" };

async function registry(t: TestContext, behaviour: Partial<StubRegistry> = {}): Promise<string> {
  const { address, stop } = await startStubRegistry({ digest, platforms: ["linux/amd64"], ...behaviour });
  t.after(stop);
  return address;
}

test("readRegistryImage returns the digest of a tag and the platforms of the image", async (t) => {
  const one = await registry(t);
  assert.deepEqual(await readRegistryImage(`${one}/shop:1`, undefined), {
    digest,
    platforms: ["linux/amd64"],
  });
  const platforms = ["linux/amd64", "linux/arm64", "unknown/unknown"];
  const several = await readRegistryImage(`${await registry(t, { platforms })}/shop:1`, undefined);
  assert.deepEqual(several?.platforms, ["linux/amd64", "linux/arm64"]);
  assert.equal(await readRegistryImage(`${one}/shop:2`, undefined), undefined);
});

test("readRegistryImage gets a token without a login, and logs in where the registry asks for it", async (t) => {
  const free = await registry(t, { scheme: "bearer", login: "" });
  assert.equal((await readRegistryImage(`${free}/shop:1`, undefined))?.digest, digest);
  for (const scheme of ["bearer", "basic"] as const) {
    const name = `${await registry(t, { scheme, login: "me:hush" })}/shop:1`;
    assert.equal((await readRegistryImage(name, login))?.digest, digest);
    await assert.rejects(readRegistryImage(name, undefined), /HTTP 401/);
    await assert.rejects(readRegistryImage(name, { ...login, password: "wrong" }), /HTTP 401/);
  }
});

test("readRegistryImage gets a token to compare the digest, too", async (t) => {
  const name = `${await registry(t, { scheme: "bearer", login: "me:hush" })}/shop:1`;
  assert.deepEqual(await readRegistryImage(name, login, digest), { digest, platforms: [] });
  assert.deepEqual((await readRegistryImage(name, login, "sha256:b"))?.platforms, ["linux/amd64"]);
});

test("readRegistryImage names what a registry answers, or that it does not", async (t) => {
  const broken = await registry(t, { status: 500 });
  await assert.rejects(readRegistryImage(`${broken}/shop:1`, undefined), /answers with HTTP 500/);
  await assert.rejects(readRegistryImage("localhost:1/shop:1", undefined), /does not answer: /);
});
