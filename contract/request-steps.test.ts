import assert from "node:assert/strict";
import { test } from "node:test";
import { circlesOf, needsOf, parseSource, sourcePattern, stepsOf } from "./request-steps.ts";

const needs = needsOf({
  login: { path: "/login", headers: {} },
  cart: { path: "/carts", headers: { authorization: "{{from: login.token}}" } },
  pay: { path: "/carts/{{from: cart.id}}/pay", headers: {}, body: "{{from: login.user}} {{from: cart.id}}" },
});

test("stepsOf puts each request after what it needs, and leaves out what nothing needs", () => {
  assert.deepEqual(needs.get("pay"), ["cart", "login"]);
  assert.deepEqual(stepsOf([], ["pay"], needs), ["login", "cart"]);
  assert.deepEqual(stepsOf([], ["login"], needs), []);
  assert.deepEqual(stepsOf([], ["login", "cart"], needs), ["login"]);
  assert.deepEqual(stepsOf(["pay"], ["login"], needs), ["login", "cart", "pay"]);
  assert.deepEqual(stepsOf([], ["light"], needs), []);
});

test("circlesOf finds each circle once, also a request that needs itself", () => {
  assert.deepEqual(circlesOf(needs), []);
  const round = new Map([
    ["a", ["b"]],
    ["b", ["c", "d"]],
    ["c", ["a"]],
    ["d", ["d"]],
  ]);
  assert.deepEqual(circlesOf(round), [
    ["a", "b", "c", "a"],
    ["d", "d"],
  ]);
});

test("parseSource reads pointers and headers", () => {
  assert.deepEqual(parseSource("/session/token"), { pointer: "/session/token" });
  assert.deepEqual(parseSource("header X-Csrf-Token"), { header: "x-csrf-token" });
  for (const wrong of ["token", "header", "header a b", "cookie sid", ""])
    assert.doesNotMatch(wrong, sourcePattern);
});
