import { listOf, mapOf, section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { decimal, flag, integer, text } from "../options/scalars.ts";
import { gates } from "./gates.ts";
import { exampleRequests, requests } from "./loadtest-requests.ts";
import { notEmpty } from "./names.ts";

const scenario = section("A mix of requests.", {
  about: text({ pattern: notEmpty.pattern, rule: "must be a description", doc: "Description for the report." }),
  mix: mapOf({ pattern: /^[a-z][-a-z0-9]*$/, rule: "must be the name of a request" }, decimal({ min: 0, max: 1_000_000, doc: "" }), {
    required: true,
    doc: `Weight of each request by its name; at least one is above 0. The names are those of \`loadtest.requests\`, and for the kit's example API ${Object.entries(exampleRequests)
      .map(([name, request]) => `\`${name}\` (${request})`)
      .join(", ")}.`,
  }),
  rate: decimal({ min: 0.1, max: 1_000_000, doc: "Requests per second, sent at even times. Without it, each connection sends its next request when it has the response to the last one." }),
  connections: integer({ min: 1, max: 10_000, doc: "Connections of this scenario. Without it: `loadtest.connections`." }),
  durationSeconds: integer({ min: 1, max: 86_400, doc: "Measured seconds of this scenario. Without it: `loadtest.durationSeconds`." }),
  warmupSeconds: integer({ min: 0, max: 3600, doc: "Warm-up seconds of this scenario. Without it: `loadtest.warmupSeconds`." }),
  before: listOf(text({ pattern: /^[a-z][-a-z0-9]*$/, rule: "must be the name of a request", doc: "" }), {
    default: [],
    unique: true,
    doc: "Names of requests that each connection sends once, in this order, before its first one of the mix, as [login]. They are not measured: [loadtest.md](loadtest.md#sessions).",
  }),
  cookies: flag({ default: false, doc: "Whether each connection keeps the cookies of responses, and sends them with its later requests." }),
  enabled: flag({ default: true, doc: "Whether the scenario is part of a run that names no scenario." }),
});

/** Scenarios of every stack. The order is the order of the run; scenarios of the stack follow in alphabetical order. */
export const defaultScenarios = {
  light: { about: "GET /api/light: the stack's own overhead", mix: { light: 1 } },
  "cached-read": { about: "GET /api/users/:id, Zipf keys, through the cache", mix: { read: 1 } },
  "write-mix": { about: "50 % cached reads, 40 % light, 10 % writes", mix: { light: 40, read: 50, write: 10 } },
  "heavy-mix": { about: "80 % light, 18 % cached reads, 2 % CPU-heavy", mix: { light: 80, read: 18, heavy: 2 } },
  writes: { about: "PUT /api/users/:id only", mix: { write: 1 } },
  upload: { about: "POST /api/upload of 256 KiB", mix: { upload: 1 } },
};

/** The load test of this stack. */
export const loadtest = section("The load test of this stack.", {
  connections: integer({ min: 1, max: 10_000, default: 32, doc: "Connections that each scenario holds open." }),
  durationSeconds: integer({ min: 1, max: 86_400, default: 6, doc: "Measured seconds of each scenario." }),
  warmupSeconds: integer({ min: 0, max: 3600, default: 2, doc: "Seconds of load before the measured time of each scenario." }),
  users: integer({ min: 1, max: 1_000_000, default: 1000, doc: "Number of users that the load test creates in the database before the run, with the ids from 2000000001 on." }),
  threads: integer({ min: 1, max: 64, default: 1, doc: "Number of threads that generate the load." }),
  scenarios: mapOf({ pattern: /^[a-z][-a-z0-9]*$/, rule: "must be a name: lower-case letters, digits and dashes" }, scenario, {
    default: defaultScenarios,
    doc: "Scenarios by name, added to the default ones: see [Scenarios](#scenarios). They run after the default ones, in alphabetical order. An API of your own (`api.contract.live`) has yours only.",
  }),
  requests,
  gates,
});

/** The load test of this stack; the gates include the default ones. */
export type LoadTestConfig = ValueOf<typeof loadtest>;
