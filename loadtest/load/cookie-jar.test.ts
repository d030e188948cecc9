import assert from "node:assert/strict";
import { test } from "node:test";
import { CookieJar } from "./cookie-jar.ts";

const nowMs = Date.UTC(2026, 0, 1);

test("CookieJar returns the cookies of a path, longer paths first, and replaces those of the same name and path", () => {
  const jar = new CookieJar();
  jar.store(["sid=a=b; Path=/; HttpOnly; Secure", "cart=1; Path=/carts"], "/login", nowMs);
  jar.store("own=2", "/carts/7?page=1", nowMs);
  assert.equal(jar.header("/other", nowMs), "sid=a=b");
  assert.equal(jar.header("/carts/7?x=/", nowMs), "cart=1; own=2; sid=a=b");
  assert.equal(jar.header("/carts", nowMs), "cart=1; own=2; sid=a=b");
  assert.equal(jar.header("/cartson", nowMs), "sid=a=b");
  jar.store("sid=new; Path=/", "/deep/path", nowMs);
  assert.equal(jar.header("/other", nowMs), "sid=new");
});

test("CookieJar forgets cookies when their time is over, and those that the server removes", () => {
  const jar = new CookieJar();
  assert.equal(jar.header("/", nowMs), undefined);
  jar.store(["a=1; Max-Age=10", "b=1; Expires=Thu, 01 Jan 2026 00:00:20 GMT", "c=1"], "/", nowMs);
  assert.equal(jar.header("/", nowMs + 9_000), "a=1; b=1; c=1");
  assert.equal(jar.header("/", nowMs + 15_000), "b=1; c=1");
  assert.equal(jar.header("/", nowMs + 21_000), "c=1");
  jar.store("c=; Max-Age=0", "/", nowMs);
  assert.equal(jar.header("/", nowMs + 21_000), undefined);
  jar.store(["=nameless", ""], "/", nowMs);
  assert.equal(jar.header("/", nowMs + 21_000), undefined);
});
