import { apiPrefixes } from "../../contract/api-prefix.ts";
import { listOf, mapOf, section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { duration, integer, oneOf, text } from "../options/scalars.ts";
import { stackValues } from "../stack-values.ts";
import { pathBelowRoot, plainPath, variableName } from "./names.ts";

/** What the stack may expect of an API of one's own. */
export const contract = section("What the stack may expect of an API of your own (`api.source`): [own-api.md](own-api.md). Without `live`, it is one that has the kit's runtime.", {
  port: integer({ min: 1024, max: 65_535, default: 3000, doc: "Port on which the API serves requests, on all addresses. The variable `PORT` has it." }),
  live: text({ ...plainPath, doc: "Path, on that port, that returns a status below 400 while the process works: other pods are restarted. It must not depend on the database or on Redis." }),
  ready: text({ ...plainPath, doc: "Path, on that port, that returns a status below 400 while the pod can serve requests: only such pods get some. Without it: `api.contract.live`." }),
  keepAlive: duration({ min: "2 s", max: "1 h", default: "5 s", doc: "Time for which the API keeps a connection without requests. The gateway closes its connections a second before, so that it sends no request on one that the API closes. 5 s is the time of Node.js." }),
  metrics: text({ ...plainPath, doc: "Path of the metrics for Prometheus, on that port. Without it, the API has none." }),
  prefix: oneOf(apiPrefixes, { default: "/api/", doc: "Prefix of the API's paths at the gateway. `/api/` is removed before a request reaches a pod; with `/`, paths reach it as they are." }),
  public: listOf(text({ ...plainPath, doc: "" }), { unique: true, default: [], doc: "Which of `live`, `ready` and `metrics` clients may request. The gateway responds with 404 to the others, and to the paths below them." }),
  uploads: listOf(text({ ...pathBelowRoot, doc: "" }), { unique: true, default: ["/upload"], doc: "The API's paths, without the prefix, of uploads: the body of a POST, PUT or PATCH, of up to `api.uploadMax`, is passed on while it arrives. With `/` at the end: all paths below." }),
  env: mapOf(variableName, oneOf(stackValues, { required: true, doc: "" }), {
    default: {},
    doc: `More variables with the stack's database and Redis, by their names, as \`{ PGHOST: databaseHost }\`, kept in a Secret. The values are ${stackValues.map((value) => `\`${value}\``).join(", ")}: [own-api.md](own-api.md#names-of-variables).`,
  }),
});

/** What the stack may expect of an API of one's own. */
export type ContractConfig = ValueOf<typeof contract>;
