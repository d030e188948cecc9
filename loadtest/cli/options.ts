import { type CommandSpec, stackOption } from "../../host/command-line.ts";
import { commandName } from "../errors.ts";
import { faults } from "../faults/faults.ts";

/** All options of the load test and their help. */
export const loadtestSpec = {
  command: commandName,
  about: "Loads a deployed stack, watches every pod during the run, and judges the run by the stack's gates.",
  options: {
    scenario: {
      type: "string",
      multiple: true,
      value: "NAME",
      about: `only this scenario; may be given more than once. Stack config defines them (loadtest.scenarios);
the default ones are light, cached-read, write-mix, heavy-mix, writes and upload`,
    },
    duration: { type: "string", value: "TIME", about: "measured time of each scenario, as 30s or 2m" },
    warmup: { type: "string", value: "TIME", about: "time before it that does not count, as 3s" },
    connections: { type: "string", value: "N", about: "open connections, 1 to 10000" },
    rate: {
      type: "string",
      value: "N",
      about: `requests per second, each due at its own time, from which its latency counts. Without it, each
connection sends its next request after the response to the last one`,
    },
    threads: { type: "string", value: "N", about: "threads that make the load, 1 to 64" },
    fault: {
      type: "string",
      value: "NAME",
      about: [
        "inject this when 30 % of the first scenario are over, and report how the stack recovers;",
        "the default is then the scenario write-mix alone, for 20s",
        ...faults.map(({ name, about }) => `${name.padEnd(20)}${about}`),
      ].join("\n"),
    },
    "save-baseline": {
      type: "boolean",
      about: `repeat every scenario, and save the results as the baseline of this stack and machine; with --against,
as a baseline of that address`,
    },
    compare: {
      type: "boolean",
      about: "repeat every scenario, and compare with the baseline: better, same, worse",
    },
    "compare-images": {
      type: "string",
      multiple: true,
      value: "A B",
      about: `deploy a pod of each image beside the stack, load them in alternating turns, and report whether
B is better, same or worse; the pods are removed at the end`,
    },
    "compare-pools": {
      type: "string",
      multiple: true,
      value: "A B",
      about: `likewise with one pod of each of two Deployments of the API, as api api-canary, with their own
settings and images`,
    },
    repeats: {
      type: "string",
      value: "N",
      about: "turns of each scenario then, even, 6 to 40 (default: 8); each takes 5s by default",
    },
    against: {
      type: "string",
      value: "URL",
      about: "load this address instead of the stack's; no pods are watched then",
    },
    "no-keep-alive": {
      type: "boolean",
      about: "make a new connection for every request, as clients without HTTP keep-alive do",
    },
    ca: {
      type: "string",
      value: "FILE",
      about: "certificates in PEM that an https address must be signed by, for an authority of your own",
    },
    insecure: { type: "boolean", about: "accept any certificate of an https address" },
    json: { type: "string", value: "FILE", about: "write the report's JSON there too" },
    from: {
      type: "string",
      value: "FILE",
      about: `run nothing; write requests and scenarios for the stack's file from an OpenAPI document (2.0, 3.0, 3.1)
or an HTTP archive (.har), to the file of --out or to standard output`,
    },
    prefix: {
      type: "string",
      value: "PREFIX",
      about: "prefix of the paths that --from writes, /api/ (default) or /, as api.contract.prefix",
    },
    out: {
      type: "string",
      value: "DIR",
      about: "the folder of the report (default: a new folder in loadtest/reports)",
    },
    stack: stackOption,
    outputs: {
      type: "string",
      value: "FILE",
      about: "read the stack's outputs from a file that pulumi stack output --json wrote",
    },
  },
  notes: `Stack config has the defaults of duration, warm-up, connections and threads, the scenarios and the gates: loadtest.*
Exit codes: 0 pass, 99 a gate failed or the stack did not recover from the fault, 98 the run is invalid (the generator
was the limit, the run was interrupted, or it was too short to see the recovery), 1 the run could not be made or measured,
2 wrong usage, 130 the command was interrupted before the load test began.`,
} as const satisfies CommandSpec;
