import {
  type CommandSpec,
  helpOf,
  parseCommandLine,
  stackOption,
  wholeNumber,
  wrongCommandLine,
} from "../host/command-line.ts";
import { parseCommand } from "../loadtest/cli/command-line.ts";
import type { ReleaseOptions } from "../release/begin.ts";

/** What `npm run release` does. */
export type ReleaseWish =
  | { action: "begin"; options: ReleaseOptions }
  | { action: "status" }
  | { action: "resume" }
  | { action: "abort" };

const spec = {
  command: "npm run release",
  about: `Deploys a new version of the API beside the old one, compares both under load, gives it all traffic, and judges
it by the gates of the stack. A version that is worse goes back by itself. The new version is what this checkout
and its stack config describe.`,
  options: {
    stack: stackOption,
    image: {
      type: "string",
      value: "REF",
      about: "release this image; api.source.image of the stack's file names it afterwards",
    },
    status: { type: "boolean", about: "show the open release and the last ten; changes nothing" },
    resume: { type: "boolean", about: "go on with a release that was interrupted, killed or held" },
    abort: { type: "boolean", about: "take an open release back" },
    "canary-weight": {
      type: "string",
      value: "N",
      default: "10",
      about: "percent of the traffic for the canary, 1 to 50",
    },
    "canary-pods": {
      type: "string",
      value: "N",
      default: "1",
      about: "pods of the canary, 1 to 100; at most those of the old version",
    },
    scenario: {
      type: "string",
      multiple: true,
      value: "NAME",
      about: "load with this scenario only; may be given more than once",
    },
    duration: {
      type: "string",
      value: "TIME",
      about: "measured time of each turn and scenario, as 30s (default: the load test's)",
    },
    connections: {
      type: "string",
      value: "N",
      about: "open connections of the load, 1 to 10000 (default: the load test's)",
    },
    repeats: {
      type: "string",
      value: "N",
      default: "6",
      about: "turns of each scenario and version in the comparison, even, 6 to 40",
    },
    "on-invalid": {
      type: "string",
      value: "WHAT",
      default: "hold",
      about: "hold or back: what two invalid measurements lead to",
    },
    "allow-both": {
      type: "boolean",
      about: "release although Redis' topology or storage changes as well, which is not rolled back",
    },
  },
  notes: `A killed release goes on with --resume, from any machine with the same checkout. While it is open, pulumi up by others is refused.
Exit codes: 0 passed, or aborted as asked; 99 the new version failed and the old one serves; 98 held, because two measurements were
invalid; 1 a tool or the cluster failed: the old version serves, or --resume is needed; 2 wrong usage; 130 interrupted.
docs/release.md describes every step.`,
} as const satisfies CommandSpec;

export const releaseHelp = helpOf(spec);

/** @throws {UserError} with exit code 2 on wrong usage. */
export function parseReleaseCommand(args: readonly string[]) {
  const { values, help } = parseCommandLine(spec, args);
  return { stack: values.stack, wish: wishOf(values), help };
}

type Values = ReturnType<typeof parseCommandLine<typeof spec>>["values"];

function wishOf(values: Values): ReleaseWish {
  const actions = (["status", "resume", "abort"] as const).filter((name) => values[name]);
  const [action, second] = actions;
  if (second !== undefined) throw wrongCommandLine(spec, `--${action} does not go with --${second}`);
  if (action === undefined) return { action: "begin", options: optionsOf(values) };
  const given = (["image", "duration", "connections"] as const).find((name) => values[name] !== undefined);
  if (given !== undefined)
    throw wrongCommandLine(
      spec,
      `--${given} does not go with --${action}: the release keeps what it began with`,
    );
  return { action };
}

function optionsOf(values: Values): ReleaseOptions {
  const { image, duration, connections, scenario } = values;
  if (image !== undefined && !/^\S+$/.test(image))
    throw wrongCommandLine(
      spec,
      `--image ${image}: must be the name of an image, as registry.example.org/api:2`,
    );
  // The load test has the rule.
  if (duration !== undefined) parseCommand(["--duration", duration], {});
  const repeats = wholeNumber(spec, "repeats", values.repeats, 6, 40);
  if (repeats % 2 === 1) throw wrongCommandLine(spec, `--repeats ${repeats}: must be even`);
  const onInvalid = values["on-invalid"];
  if (onInvalid !== "hold" && onInvalid !== "back")
    throw wrongCommandLine(spec, `--on-invalid ${onInvalid}: must be hold or back`);
  return {
    image,
    canaryWeight: wholeNumber(spec, "canary-weight", values["canary-weight"], 1, 50),
    canaryPods: wholeNumber(spec, "canary-pods", values["canary-pods"], 1, 100),
    onInvalid,
    allowBoth: values["allow-both"],
    scenarios: scenario.flatMap((names) => names.split(",")),
    duration,
    connections:
      connections === undefined ? undefined : wholeNumber(spec, "connections", connections, 1, 10_000),
    repeats,
  };
}
