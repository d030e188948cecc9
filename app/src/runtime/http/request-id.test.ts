import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestIds } from "./request-id.ts";

test("RequestIds uses the id of the header, unless it is too long or needs escaping", () => {
  const ids = new RequestIds();
  const idFrom = (given: string | undefined) => ids.idOf({ headers: { "x-request-id": given } });
  for (const given of ["r-17", "7f3c9a", "a/b+c=", "x".repeat(128)]) assert.equal(idFrom(given), given);
  for (const given of [undefined, "", "a b", 'a"b', "a\\b", "a\nb", "ä", "x".repeat(129)]) {
    const own = idFrom(given);
    assert.notEqual(own, given);
    assert.match(own, /^[\w-]{8}-[0-9a-z]+$/);
  }
});

test("RequestIds never repeats an id, in this process or in others", () => {
  const ids = [new RequestIds(), new RequestIds()].flatMap((source) => [source.next(), source.next()]);
  assert.equal(new Set(ids).size, 4);
});
