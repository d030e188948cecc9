import assert from "node:assert/strict";
import { test } from "node:test";
import { helpText, parseCommand } from "./command-line.ts";
import { WrongUsage } from "./verdict.ts";

const parse = (...args: string[]) => parseCommand(args, {});

test("without flags: every scenario, the local stack, the rest from the stack's outputs", () => {
  const command = parse();
  assert.deepEqual(
    command.scenarios.map((scenario) => scenario.name),
    ["light", "cached-read", "mixed"],
  );
  assert.equal(command.stack, "local");
  assert.equal("durationSeconds" in command || "connections" in command || "out" in command, false);
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
  const names = (...args: string[]) => parse(...args).scenarios.map((scenario) => scenario.name);
  assert.deepEqual(names("--scenario", "mixed", "--scenario", "light"), ["mixed", "light"]);
  assert.deepEqual(names("--scenario", "light,mixed"), ["light", "mixed"]);
});

const wrong: [string[], RegExp][] = [
  [["--no-such-flag"], /^Unknown option '--no-such-flag'$/],
  [["extra"], /^Unexpected argument 'extra'$/],
  [["--duration"], /--duration/],
  [["--duration", "10"], /^--duration 10: must be a time with its unit from 1s to 24h, as 30s or 2m$/],
  [["--duration", "0s"], /^--duration 0s: must be a time/],
  [["--duration", "10 parsecs"], /^--duration 10 parsecs: must be a time/],
  [["--warmup", "-1s"], /--warmup/],
  [["--connections", "0"], /^--connections 0: must be a whole number from 1 to 10000$/],
  [["--connections", "1e3"], /^--connections 1e3: must be a whole number/],
  [["--scenario", "lihgt"], /^--scenario lihgt: there is light, cached-read, mixed$/],
];
for (const [args, message] of wrong) {
  test(`refuses ${args.join(" ")}`, () => {
    assert.throws(
      () => parse(...args),
      (error: Error) => error instanceof WrongUsage && message.test(error.message),
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
  ]) {
    assert.ok(helpText.includes(word), word);
  }
  for (const word of ["light", "cached-read", "mixed", "99"]) assert.ok(helpText.includes(word), word);
});
