import { parseSpeedCommand, usage as speedHelp } from "../bench/api/command-line.ts";
import { usage as edgeHelp, parseEdgeCommand } from "../bench/edge/command-line.ts";
import { usage as networkHelp, parseNetworkCommand } from "../bench/network/command-line.ts";
import { usage as gatewaysHelp, parseGatewaysCommand } from "../bench/nginx/command-line.ts";
import { usage as nodesHelp, parseNodesCommand } from "../bench/nodes/command-line.ts";
import { parseCheckCommand, usage as redisCheckHelp } from "../bench/redis/check-command.ts";
import { parseProofCommand, usage as redisProofHelp } from "../bench/redis/command-line.ts";
import { parsePartsCommand, usage as partsHelp } from "../bench/runtime-parts/command-line.ts";
import { parseZeroDowntimeCommand, usage as zeroDowntimeHelp } from "../bench/zero-downtime/command-line.ts";
import { capacityHelp, parseCapacityCommand } from "../capacity/command-line.ts";
import {
  type CommandSpec,
  helpOf,
  type OptionValues,
  parseCommandLine,
  stackOption,
} from "../host/command-line.ts";
import { backupsHelp, parseBackupsCommand } from "./backup-arguments.ts";
import { doctorHelp, parseDoctorCommand } from "./doctor-arguments.ts";
import { splitStackOption } from "./pulumi-arguments.ts";
import { parseReleaseCommand, releaseHelp } from "./release-arguments.ts";

/** How a script reads its arguments. Reading has no effect but errors. */
export interface Command<Input> {
  help: string;
  /** @throws {UserError} with exit code 2 on wrong usage. */
  read(args: readonly string[]): Input & { help: boolean };
}

function command<const Spec extends CommandSpec>(
  spec: Spec,
): Command<OptionValues<Spec["options"]> & { positionals: string[] }> {
  return {
    help: helpOf(spec),
    read(args) {
      const { values, positionals, help } = parseCommandLine(spec, args);
      return { ...values, positionals, help };
    },
  };
}

const withoutOptions = (typed: string, about: string) => command({ command: typed, about, options: {} });

const sourcePaths = {
  value: "PATH",
  most: Number.POSITIVE_INFINITY,
  about: "a file or folder relative to the checkout (default: all)",
};

/** The scripts of package.json by their names, except the scripts with the load test's options. */
export const commands = {
  up: command({
    command: "npm run up",
    about: "Brings the stack's cluster up and deploys the stack.",
    options: {
      stack: stackOption,
      "update-images": {
        type: "boolean",
        about:
          "first build the base images again, with Debian's updates; the deployment replaces\npods whose image has changed",
      },
    },
  }),
  down: withoutOptions(
    "npm run down",
    "Stops the embedded cluster. Its data stays: `npm run up` finds the same cluster.",
  ),
  status: withoutOptions(
    "npm run status",
    "Shows every daemon of the embedded cluster, its node and its DNS. Exit code 1 if one does not work.",
  ),
  logs: command({
    command: "npm run logs",
    about: "Prints the last lines of the logs of the embedded cluster's components.",
    options: {
      follow: { type: "boolean", short: "f", about: "print new lines until the command is interrupted" },
    },
    positionals: {
      value: "NAME",
      most: Number.POSITIVE_INFINITY,
      about: "a component as `npm run status` names it (default: all)",
    },
  }),
  reset: withoutOptions(
    "npm run reset",
    "Stops the embedded cluster and deletes its data, images and Pulumi state. Built tools stay.",
  ),
  env: withoutOptions(
    "npm run env",
    'Prints the environment for pulumi and kubectl on the embedded cluster: eval "$(npm run -s env)"',
  ),
  pulumi: {
    help: helpOf({
      command: "npm run pulumi",
      about: "Brings the stack's cluster up, selects the stack and runs pulumi with all other arguments.",
      options: { stack: stackOption },
      notes: "Pulumi describes its own commands: npm run pulumi -- help, npm run pulumi -- up --help",
    }),
    read: splitStackOption,
  } satisfies Command<{ stack: string | undefined; args: string[] }>,
  new: command({
    command: "npm run new",
    about:
      "Writes a small API with a test and a Dockerfile to a new folder, and the stack file that deploys and loads it.",
    options: {
      folder: {
        type: "string",
        value: "PATH",
        about: "folder that does not exist yet (default: NAME beside this checkout)",
      },
    },
    positionals: { value: "NAME", most: 1, about: "name of the API and of its stack" },
  }),
  doctor: { help: doctorHelp, read: parseDoctorCommand } satisfies Command<object>,
  capacity: { help: capacityHelp, read: parseCapacityCommand } satisfies Command<object>,
  release: { help: releaseHelp, read: parseReleaseCommand } satisfies Command<object>,
  backups: { help: backupsHelp, read: parseBackupsCommand } satisfies Command<object>,
  "bench:nginx": { help: gatewaysHelp, read: parseGatewaysCommand } satisfies Command<object>,
  "bench:nodes": { help: nodesHelp, read: parseNodesCommand } satisfies Command<object>,
  "bench:api": { help: speedHelp, read: parseSpeedCommand } satisfies Command<object>,
  "bench:parts": { help: partsHelp, read: parsePartsCommand } satisfies Command<object>,
  "prove:edge": { help: edgeHelp, read: parseEdgeCommand } satisfies Command<object>,
  "prove:zero-downtime": {
    help: zeroDowntimeHelp,
    read: parseZeroDowntimeCommand,
  } satisfies Command<object>,
  "prove:scanners": command({
    command: "npm run prove:scanners",
    about: `Scans the live objects of a deployed stack with kubeconform, kube-score and kubesec, which it builds at first. The exit code
is 1 when there is a finding that bench/scanners/arguments.ts does not argue.`,
    options: { stack: stackOption },
  }),
  "prove:network": { help: networkHelp, read: parseNetworkCommand } satisfies Command<object>,
  "prove:redis": { help: redisProofHelp, read: parseProofCommand } satisfies Command<object>,
  "redis:check": { help: redisCheckHelp, read: parseCheckCommand } satisfies Command<object>,
  "prove:oracle": command({
    command: "npm run prove:oracle",
    about:
      "Runs the load test against a server that misbehaves by a script, and compares the verdicts with the script.",
    options: {
      rounds: { type: "string", value: "N", default: "1", about: "how often each cell of the table runs" },
    },
    positionals: {
      value: "TEXT",
      most: 1,
      about: "only cells whose mode or misbehaviour contains it (default: all)",
    },
  }),
  "prove:outage": command({
    command: "npm run prove:outage",
    about:
      "Takes the database of a deployed stack away under a light load, and checks that reads stay, no pod restarts and writes recover.",
    options: {
      stack: stackOption,
      minutes: {
        type: "string",
        value: "N",
        default: "5",
        about: "how long it is away; longer than api.cacheTtlSeconds",
      },
    },
  }),
  "prove:own-api": withoutOptions(
    "npm run prove:own-api",
    "Builds, deploys and loads every API of examples/ on a stack of its own, one in the place of the other under load.",
  ),
  "prove:updates": withoutOptions(
    "npm run prove:updates",
    "Runs the end-to-end tests of updates with those that npm test leaves out: more failed rollouts, rotations, interrupts and releases.",
  ),
  test: withoutOptions(
    "npm test",
    "Runs the checks and the unit tests, then all tests that need servers or the embedded cluster.",
  ),
  check: withoutOptions("npm run check", "Checks types, format and lint, and runs the unit tests."),
  typecheck: withoutOptions("npm run typecheck", "Checks the types of all TypeScript."),
  lint: command({
    command: "npm run lint",
    about: "Checks format and lint of the code, and shell scripts where shellcheck is installed.",
    options: {},
    positionals: sourcePaths,
  }),
  format: command({
    command: "npm run format",
    about: "Formats the code, and repairs what lint can repair.",
    options: {},
    positionals: sourcePaths,
  }),
  generate: withoutOptions(
    "npm run generate",
    "Writes the derived files: schema, documentation and example stacks of config/, the report's schema, the API's OpenAPI document.",
  ),
  "test:unit": command({
    command: "npm run test:unit",
    about: "Runs the unit tests.",
    options: {},
    positionals: {
      value: "PATH",
      most: Number.POSITIVE_INFINITY,
      about: "a test file, or a folder with test files (default: all)",
    },
  }),
} as const;
