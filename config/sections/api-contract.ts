import { section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { duration, integer, text } from "../options/scalars.ts";

const path = {
  pattern: /^\/[^\s#?]*$/,
  rule: 'must be a path like "/healthz", without a query',
};

/** What the stack may expect of an API of one's own. */
export const contract = section("What the stack may expect of an API of your own (`api.source`): [own-api.md](own-api.md). Without `live`, it is one that has the kit's runtime.", {
  port: integer({ min: 1024, max: 65_535, default: 3000, doc: "Port on which the API serves requests, on all addresses. The variable `PORT` has it." }),
  live: text({ ...path, doc: "Path, on that port, that returns a status below 400 while the process works: other pods are restarted. It must not depend on the database or on Redis." }),
  ready: text({ ...path, doc: "Path, on that port, that returns a status below 400 while the pod can serve requests: only such pods get some. Without it: `api.contract.live`." }),
  keepAlive: duration({ min: "2 s", max: "1 h", default: "5 s", doc: "Time for which the API keeps a connection without requests. The gateway closes its connections a second before, so that it sends no request on one that the API closes. 5 s is the time of Node.js." }),
  metrics: text({ ...path, doc: "Path of the metrics for Prometheus, on that port. Without it, the API has none." }),
});

/** What the stack may expect of an API of one's own. */
export type ContractConfig = ValueOf<typeof contract>;
