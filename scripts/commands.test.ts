import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { defaultScenarios } from "../config/sections/loadtest.ts";
import { UserError } from "../contract/user-error.ts";
import { type Command, commands } from "./commands.ts";
import { loadtestCommands } from "./loadtest-commands.ts";
import { isAboutPulumi, readStackCommand } from "./pulumi-arguments.ts";
import { chooseStack, projectRoot } from "./stack.ts";

const all: Readonly<Record<string, Command<object>>> = { ...commands, ...loadtestCommands };
const ofStacks = [
  "backups",
  "bench:nginx",
  "doctor",
  "capacity",
  "start",
  "up",
  "pulumi",
  "loadtest",
  "release",
  "prove:edge",
  "prove:zero-downtime",
  "prove:outage",
  "prove:network",
  "prove:scanners",
  "prove:redis",
  "redis:check",
];
const passingOn = ["pulumi"];
const withPositionals = [
  "backups",
  "logs",
  "new",
  "test:unit",
  "lint",
  "format",
  "prove:oracle",
  ...passingOn,
];

const packageJson = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
const scripts = Object.entries(packageJson.scripts).map(([name, line]) => {
  const file = /^node scripts\/bootstrap\.mjs (scripts\/\S+\.ts)$/.exec(line)?.[1];
  assert.ok(file, `the script ${name} reads no arguments: ${line}`);
  return { name, file };
});

const read = (name: string, ...args: string[]) => {
  const command = all[name];
  assert.ok(command, `${name} has no command`);
  return command.read(args) as { help: boolean; stack?: string; args?: string[]; positionals?: string[] };
};

const refuses = (name: string, args: string[], message: RegExp) =>
  assert.throws(
    () => read(name, ...args),
    (error) => {
      assert.ok(error instanceof UserError, `${name} ${args.join(" ")}: ${error}`);
      assert.equal(error.exitCode, 2);
      assert.match(error.message, message);
      assert.match(error.fix, /^see all options: npm (run )?\S+ -- --help$/);
      return true;
    },
  );

test("every npm script reads its arguments by the command of its name", () => {
  assert.deepEqual(Object.keys(all).sort(), scripts.map(({ name }) => name).sort());
  for (const { name, file } of scripts) {
    const key = /^\w+$/.test(name) ? `.${name}` : `["${name}"]`;
    const table = name in loadtestCommands ? "loadtestCommands" : "commands";
    const source = readFileSync(join(projectRoot, file), "utf8");
    assert.ok(source.includes(`await entry(${table}${key}, `), file);
    assert.ok(!source.includes("process.argv"), file);
  }
});

for (const { name } of scripts) {
  test(`${name} shows its help on --help and -h, under its own name`, () => {
    assert.equal(read(name, "--help").help, true);
    assert.equal(read(name, "-h").help, true);
    assert.equal(read(name).help, false);
    const typed = ["start", "test"].includes(name) ? `npm ${name}` : `npm run ${name}`;
    assert.match(all[name]?.help ?? "", new RegExp(`^Usage: ${typed} \\[-- `));
  });

  if (ofStacks.includes(name))
    test(`${name} takes the stack in every spelling, and nothing else is taken for one`, () => {
      for (const args of [["--stack", "prod"], ["--stack=prod"], ["-s", "prod"], ["-sprod"]]) {
        const { stack } = read(name, ...args);
        assert.equal(stack, "prod", args.join(" "));
        assert.equal(chooseStack(stack).name, "prod");
      }
      assert.equal(chooseStack(read(name, "--stack=organization/breakwater/prod").stack).name, "prod");
      for (const args of [["--stack"], ["-s"], ["--stack", "--help"]]) refuses(name, args, /-s|--stack/);
      refuses(name, ["-s", "a", "--stack=b"], /'--stack' is given twice/);
      for (const args of [["--stack="], ["--stack", ""], ["--stack", "a/b/c/d"], ["-s", "a b"]])
        assert.throws(() => chooseStack(read(name, ...args).stack), { name: "UserError", exitCode: 2 });
    });
  else
    test(`${name} refuses a stack`, () => {
      for (const args of [["--stack", "prod"], ["--stack=prod"], ["-s", "prod"]])
        refuses(name, args, /Unknown/);
    });

  if (!passingOn.includes(name))
    test(`${name} refuses unknown options and what is left over`, () => {
      refuses(name, ["--no-such-option"], /Unknown option '--no-such-option'/);
      refuses(name, ["-Z"], /Unknown option '-Z'/);
      refuses(name, ["--help=yes"], /--help/);
      if (!withPositionals.includes(name)) refuses(name, ["prod"], /Unexpected argument 'prod'/);
    });
}

test("pulumi gets everything but the stack, in its order", () => {
  const cases: [string[], { stack: string | undefined; args: string[]; help: boolean }][] = [
    [["up", "--yes", "-m", "note"], { stack: undefined, args: ["up", "--yes", "-m", "note"], help: false }],
    [["-s", "prod", "up", "--help"], { stack: "prod", args: ["up", "--help"], help: false }],
    [["up", "--stack=prod", "-v=9"], { stack: "prod", args: ["up", "-v=9"], help: false }],
    [["up", "-sprod"], { stack: "prod", args: ["up"], help: false }],
    [["up", "-s=prod"], { stack: "prod", args: ["up"], help: false }],
    [["up", "-yfs", "prod"], { stack: "prod", args: ["up", "-yf"], help: false }],
    [["up", "-rysprod", "-y"], { stack: "prod", args: ["up", "-ry", "-y"], help: false }],
    [["up", "-ys=prod"], { stack: "prod", args: ["up", "-y"], help: false }],
    // The "s" belongs to the value of another option.
    [["up", "-mfast"], { stack: undefined, args: ["up", "-mfast"], help: false }],
    [["import", "-fys.json"], { stack: undefined, args: ["import", "-fys.json"], help: false }],
    [["logs", "-rfs"], { stack: undefined, args: ["logs", "-rfs"], help: false }],
    [["--stack", "prod", "--help"], { stack: "prod", args: ["--help"], help: true }],
    [
      ["config", "set", "key", "--", "-s"],
      { stack: undefined, args: ["config", "set", "key", "--", "-s"], help: false },
    ],
  ];
  for (const [args, parsed] of cases) assert.deepEqual(read("pulumi", ...args), parsed, args.join(" "));
});

test("pulumi selects no stack for a command that makes, lists, selects or removes stacks", () => {
  const cases: [string, string | undefined, { name: string | undefined; args: string[] } | undefined][] = [
    ["stack rm --yes prod", undefined, { name: "prod", args: ["stack", "rm", "--yes", "prod"] }],
    ["stack rm --yes", "prod", { name: "prod", args: ["stack", "rm", "--stack", "prod", "--yes"] }],
    ["stack ls", "prod", { name: undefined, args: ["stack", "ls"] }],
    [
      "stack init --secrets-provider passphrase prod",
      undefined,
      { name: "prod", args: ["stack", "init", "--secrets-provider", "passphrase", "prod"] },
    ],
    ["stack output endpoint", undefined, undefined],
    ["stack", undefined, undefined],
    ["up", "prod", undefined],
    ["config set stack rm", undefined, undefined],
  ];
  for (const [line, stack, expected] of cases)
    assert.deepEqual(readStackCommand(line.split(" "), stack), expected, line);
});

test("pulumi needs no cluster for its help and its version", () => {
  for (const line of ["help", "help up", "version", "up --help", "stack ls -h", "", "-v=9"])
    assert.equal(isAboutPulumi(line.split(" ").filter((arg) => arg !== "")), true, line);
  for (const line of ["up", "config set key -- --help", "stack ls", "preview --diff"])
    assert.equal(isAboutPulumi(line.split(" ")), false, line);
});

test("start and loadtest pass the load test's options on as they are", () => {
  const args = ["--duration=4s", "--scenario", "light", "-s", "prod"];
  for (const name of ["start", "loadtest"]) assert.deepEqual(read(name, ...args).args, args);
});

test("the help of loadtest and start names every default scenario", () => {
  for (const { help } of Object.values(loadtestCommands))
    for (const name of Object.keys(defaultScenarios)) assert.match(help, new RegExp(`\\b${name}\\b`));
});

test("logs reads names and --follow", () => {
  assert.deepEqual(
    { ...read("logs", "-f", "kubelet", "etcd") },
    { follow: true, positionals: ["kubelet", "etcd"], help: false },
  );
});

test("up updates base images only when it is asked to", () => {
  assert.equal(commands.up.read(["--update-images"])["update-images"], true);
  assert.equal(commands.up.read(["--stack=prod"])["update-images"], false);
});
