import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { helpText, parseCommand } from "./command-line.ts";

const parse = (...args: string[]) => parseCommand(args, {});

test("without flags: the scenarios that are enabled, the local stack, the rest from the stack's outputs", () => {
  const command = parse();
  assert.deepEqual(command.scenarios, []);
  assert.equal(command.stack, "local");
  assert.deepEqual(
    [command.durationSeconds, command.connections, command.out, command.rate],
    Array(4).fill(undefined),
  );
});

test("takes the stack from $PULUMI_STACK, and --stack over it", () => {
  assert.equal(parseCommand([], { PULUMI_STACK: "other" }).stack, "other");
  assert.equal(parseCommand(["--stack", "mine"], { PULUMI_STACK: "other" }).stack, "mine");
});

test("reads times with their unit", () => {
  assert.equal(parse("--duration", "2m").durationSeconds, 120);
  assert.equal(parse("--duration=1.5s").durationSeconds, 1.5);
  assert.equal(parse("--warmup", "0s").warmupSeconds, 0);
});

test("chooses scenarios, repeated or with commas", () => {
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
  [["--compare", "--fault", "rollout"], /^--fault makes figures that compare with nothing/],
  [["--fault", "rollout", "--against", "http://a"], /^--fault strikes the stack/],
  [["--fault", "kill-all"], /^--fault kill-all: there is rollout, kill-api/],
  [["--threads", "65"], /^--threads 65: must be a whole number from 1 to 64$/],
  [["--against", "127.0.0.1:80"], /^--against 127\.0\.0\.1:80: must be an address like http:/],
];
for (const [args, message] of wrong) {
  test(`refuses ${args.join(" ")}`, () => {
    assert.throws(
      () => parse(...args),
      (error: Error) => error instanceof UserError && error.exitCode === 2 && message.test(error.message),
    );
  });
}

test("the help names every flag, scenario and exit code", () => {
  for (const word of [
    "--scenario",
    "--duration",
    "--warmup",
    "--connections",
    "--out",
    "--stack",
    "--outputs",
    "--rate",
    "--fault",
    "--save-baseline",
    "--compare",
    "--repeats",
    "--threads",
    "--against",
    "--json",
  ]) {
    assert.ok(helpText.includes(word), word);
  }
  for (const word of ["light", "cached-read", "write-mix", "99", "98"])
    assert.ok(helpText.includes(word), word);
});

test("two images to compare, wherever the other options stand", () => {
  for (const args of [
    ["--compare-images", "a:1", "b:1", "--repeats", "6"],
    ["--repeats", "6", "--compare-images", "a:1", "b:1"],
  ]) {
    const { images, repeats } = parseCommand(args, {});
    assert.deepEqual([images, repeats], [["a:1", "b:1"], 6]);
  }
});
