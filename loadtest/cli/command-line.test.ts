import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCodes, UserError } from "../../contract/user-error.ts";
import { faultNames } from "../faults/faults.ts";
import { helpText, parseCommand } from "./command-line.ts";
import { loadtestSpec } from "./options.ts";

const parse = (...args: string[]) => parseCommand(args, {});

test("parseCommand leaves everything but the stack open when there are no options", () => {
  const command = parse();
  assert.deepEqual(command.scenarios, []);
  assert.equal(command.stack, "local");
  assert.deepEqual(
    [command.durationSeconds, command.connections, command.out, command.rate],
    Array(4).fill(undefined),
  );
});

test("parseCommand takes the stack from $PULUMI_STACK unless --stack is given", () => {
  assert.equal(parseCommand([], { PULUMI_STACK: "other" }).stack, "other");
  assert.equal(parseCommand([], { PULUMI_STACK: "" }).stack, "local");
  assert.throws(() => parseCommand(["--stack="], {}), { name: "UserError", exitCode: 2 });
  assert.equal(parseCommand(["--stack", "mine"], { PULUMI_STACK: "other" }).stack, "mine");
});

test("parseCommand reads times with their unit", () => {
  assert.equal(parse("--duration", "2m").durationSeconds, 120);
  assert.equal(parse("--duration=1.5s").durationSeconds, 1.5);
  assert.equal(parse("--warmup", "0s").warmupSeconds, 0);
});

test("parseCommand reads scenarios from repeated options and lists", () => {
  const names = (...args: string[]) => parse(...args).scenarios;
  assert.deepEqual(names("--scenario", "writes", "--scenario", "light"), ["writes", "light"]);
  assert.deepEqual(names("--scenario", "light,writes"), ["light", "writes"]);
});

const wrong: [string[], RegExp][] = [
  [["--no-such-flag"], /^Unknown option '--no-such-flag'$/],
  [["--compare-images", "a:1"], /^--compare-images a:1: wants two images, as --compare-images A B$/],
  [["--compare-images", "a:1", "b:1", "c:1"], /^--compare-images a:1: wants two images/],
  [
    ["--compare-images", "a:1", "b:1", "--fault", "rollout"],
    /a run of its own: it does not go with --fault$/,
  ],
  [["--compare-images", "a:1", "b:1", "--compare"], /does not go with --compare$/],
  [["extra"], /^Unexpected argument 'extra'$/],
  [["--prefix", "/"], /^--prefix is of --from/],
  [["--from", "api.yaml", "--prefix", "/v1"], /^--prefix \/v1: must be \/api\/ or \/$/],
  [["--duration"], /--duration/],
  [["--duration", "10"], /^--duration 10: must be a time with its unit from 1s to 24h, as 30s or 2m$/],
  [["--duration", "0s"], /^--duration 0s: must be a time/],
  [["--duration", "10 parsecs"], /^--duration 10 parsecs: must be a time/],
  [["--warmup", "-1s"], /--warmup/],
  [["--connections", "0"], /^--connections 0: must be a whole number from 1 to 10000$/],
  [["--connections", "1e3"], /^--connections 1e3: must be a whole number/],
  [["--rate", "0"], /^--rate 0: must be requests per second from 0\.1 to 1000000, as 500$/],
  [["--rate", "5k"], /^--rate 5k: must be/],
  [["--repeats", "7"], /^--repeats 7: must be an even number from 6 to 40/],
  [["--save-baseline", "--compare"], /^--save-baseline and --compare are two runs/],
  [["--compare", "--fault", "rollout"], /^--fault makes results that cannot be compared/],
  [["--fault", "rollout", "--against", "http://a"], /^--fault changes the stack/],
  [["--fault", "kill-all"], /^--fault kill-all: there is rollout, kill-api/],
  [["--threads", "65"], /^--threads 65: must be a whole number from 1 to 64$/],
  [["--against", "127.0.0.1:80"], /^--against 127\.0\.0\.1:80: must be an address like http:/],
];
for (const [args, message] of wrong) {
  test(`parseCommand refuses ${args.join(" ")}`, () => {
    assert.throws(
      () => parse(...args),
      (error: Error) => error instanceof UserError && error.exitCode === 2 && message.test(error.message),
    );
  });
}

test("the help describes exactly the options that the parser knows", () => {
  const inHelp = [...helpText.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option);
  const known = Object.keys(loadtestSpec.options).map((name) => `--${name}`);
  assert.deepEqual(inHelp, [...known, "--help"]);
});

test("the help names every fault and exit code", () => {
  for (const name of faultNames) assert.match(helpText, new RegExp(`^ +${name} +\\S`, "m"));
  for (const code of Object.values(exitCodes))
    assert.match(helpText, new RegExp(`\\b${code} (?:pass|a|the|wrong)`));
});

test("parseCommand takes the stack in every spelling", () => {
  for (const args of [["-s", "prod"], ["--stack", "prod"], ["--stack=prod"]])
    assert.equal(parse(...args).stack, "prod");
});

test("parseCommand has default times for faults and repeated runs", () => {
  const times = (...args: string[]) => {
    const { durationSeconds, warmupSeconds } = parse(...args);
    return [durationSeconds, warmupSeconds];
  };
  assert.deepEqual(times("--fault", "rollout"), [20, undefined]);
  assert.deepEqual(times("--compare"), [5, 1]);
  assert.deepEqual(times("--compare-images", "a:1", "b:1", "--warmup", "2s"), [5, 2]);
});

test("parseCommand reads two images in any position", () => {
  for (const args of [
    ["--compare-images", "a:1", "b:1", "--repeats", "6"],
    ["--repeats", "6", "--compare-images", "a:1", "b:1"],
    ["--compare-images=a:1", "b:1", "--repeats", "6"],
  ]) {
    const { images, repeats } = parseCommand(args, {});
    assert.deepEqual([images, repeats], [["a:1", "b:1"], 6]);
  }
});
