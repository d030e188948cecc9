import assert from "node:assert/strict";
import { test } from "node:test";
import { requestsIn } from "./pod-watch.ts";

test("requestsIn adds the requests of the route /light only", () => {
  const metrics = `# TYPE http_requests_total counter
http_requests_total{method="GET",route="/light",status="200"} 12
http_requests_total{method="GET",route="/light",status="503"} 3
http_requests_total{method="GET",route="/users/:id",status="200"} 7
`;
  assert.equal(requestsIn(metrics), 15);
  assert.equal(requestsIn(""), 0);
});
