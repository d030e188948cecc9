import { sourcePattern, sourceRule } from "../../contract/request-steps.ts";
import { listOf, mapOf, section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { integer, oneOf, size, spelling, text } from "../options/scalars.ts";
import { notEmpty } from "./names.ts";

/** Names of the requests to the kit's example API, and what they are. */
export const exampleRequests = {
  light: "`GET /api/light`",
  read: "`GET /api/users/:id`",
  write: "`PUT /api/users/:id`",
  heavy: "`GET /api/heavy-task`",
  upload: "`POST /api/upload` of 256 KiB",
} as const;

const taken = Object.fromEntries(Object.keys(exampleRequests).map((name) => [name, { rule: "is a request of the kit's example API", fix: "choose another name" }]));

const token = { pattern: /^[!#$%&'*+.^`|~\w-]+$/, rule: "must be the name of a header" };
const pointer = { pattern: /^(\/[^/]*)+$/, rule: "must be a JSON pointer like /items/0/name" };
const line = /^[^\r\n]*$/;

const expectation = section("What a right response has. Every other one is a failed request.", {
  statuses: listOf(integer({ min: 200, max: 599, doc: "" }), { default: [], doc: "The statuses, as [200, 304]. Without them: all from 200 to 299." }),
  contains: text({ ...notEmpty, doc: "A text in the body." }),
  json: mapOf(pointer, spelling({ doc: "" }), { default: {}, doc: 'Values in a JSON body by their JSON pointer (RFC 6901), as { "/user/name": "Ada" }.' }),
  maxBody: size({ min: "1 B", max: "1 GiB", doc: "Largest body." }),
});

const request = section("One kind of request.", {
  method: oneOf(["GET", "POST", "PUT", "PATCH", "DELETE"], { default: "GET", doc: "Method." }),
  path: text({ pattern: /^\/[^\s#]*(\s*\{\{[^}]*\}\}[^\s#]*)*$/, rule: 'must be a path like "/api/items?limit=10", percent-encoded', required: true, doc: "Path and query, with [generators](loadtest.md#requests-of-your-own)." }),
  headers: mapOf(token, text({ pattern: line, rule: "must be one line", doc: "" }), { default: {}, doc: "Headers, with generators: as { authorization: 'Bearer {{token: env TOKEN}}' }. The stack's outputs have them, so they are no place for a secret itself." }),
  body: text({ ...notEmpty, doc: "Body, with generators. Its content type is JSON unless a header says otherwise." }),
  expect: expectation,
  keep: mapOf({ pattern: /^[a-zA-Z][\w-]*$/, rule: "must be a name: letters, digits and dashes, a letter first" }, text({ pattern: sourcePattern, rule: sourceRule, doc: "" }), {
    default: {},
    doc: "Values of a right response for later requests of the same connection, by name: as { token: /session/token, csrf: header x-csrf-token }. The later request has {{from: login.token}}: [loadtest.md](loadtest.md#sessions).",
  }),
});

/** Requests of the load test to an API of one's own, by their names. */
export const requests = mapOf({ pattern: /^[a-z][-a-z0-9]*$/, rule: "must be a name: lower-case letters, digits and dashes", taken }, request, {
  default: {},
  doc: "Kinds of requests to an API of your own, by the names that scenarios mix: [loadtest.md](loadtest.md#requests-of-your-own).",
});

/** Requests of the load test to an API of one's own, by their names. */
export type LoadRequests = ValueOf<typeof requests>;
