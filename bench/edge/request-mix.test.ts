import assert from "node:assert/strict";
import { test } from "node:test";
import { staleGraceMs, userBody, userId } from "../../loadtest/load/users.ts";
import { RequestMix } from "./request-mix.ts";

test("RequestMix has GET, PUT and POST in every 20 requests", () => {
  const mix = new RequestMix(200);
  const methods = Array.from({ length: 20 }, (_, turn) => mix.next(turn).method).toSorted();
  assert.deepEqual(methods, [...Array(12).fill("GET"), ...Array(3).fill("POST"), ...Array(5).fill("PUT")]);
});

test("RequestMix refuses a read that is older than an acknowledged write", (t) => {
  let nowMs = 1000;
  t.mock.method(performance, "now", () => nowMs);
  const mix = new RequestMix(1);
  const write = mix.next(0);
  const written = write.body ?? "";
  assert.match(written, /"email":"v\d+\./);
  const id = userId(1);
  const withId = (body: string) => body.replace("{", `{"id":${id},`);
  assert.equal(write.isRight?.(withId(written)), true);
  write.settle?.(true, {});
  nowMs += staleGraceMs + 1;
  const { isRight } = mix.read(1);
  assert.equal(isRight?.(withId(written)), true);
  assert.equal(isRight?.(withId(userBody(id, 1))), false);
});
