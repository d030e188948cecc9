import assert from "node:assert/strict";
import { test } from "node:test";
import { type FailedRequest, Outcomes, reasonsOf } from "./outcomes.ts";

const failure = (status: number, detail: string): FailedRequest => ({
  sentMs: 1,
  method: "GET",
  path: "/api/light",
  status,
  detail,
});

test("Outcomes counts requests by method, and failures", () => {
  const outcomes = new Outcomes();
  outcomes.add("GET", undefined);
  outcomes.add("PUT", undefined);
  outcomes.add("GET", failure(503, "no pod"));
  assert.deepEqual([outcomes.sent, outcomes.failed, outcomes.byMethod], [3, 1, { GET: 2, PUT: 1 }]);
});

test("Outcomes counts what the API refused because the machine is overloaded", () => {
  const outcomes = new Outcomes();
  outcomes.add("GET", failure(503, "too many requests at the moment: the event loop is late"));
  outcomes.add("GET", failure(503, "the database is not available"));
  assert.deepEqual([outcomes.failed, outcomes.shed], [2, 1]);
});

test("reasonsOf puts the most frequent failures first, and bounds their kinds", () => {
  const some = [failure(0, "ECONNRESET"), failure(503, "no pod"), failure(503, "no pod")];
  assert.equal(reasonsOf(some), "GET 503 no pod × 2, GET ECONNRESET × 1");
  const many = [1, 2, 3, 4, 5, 6].map((number) => failure(500, `kind ${number}`));
  assert.match(reasonsOf(many), /, 2 other kinds$/);
});
