import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../contract/user-error.ts";
import { type CommandSpec, helpOf, parseCommandLine, stackOption, wrongCommandLine } from "./command-line.ts";

const spec = {
  command: "npm run sail",
  about: "Sets sail.",
  options: {
    stack: stackOption,
    knots: { type: "string", value: "N", default: "5", about: "speed" },
    port: { type: "string", multiple: true, value: "NAME", about: "a port of call;\nmay be given again" },
    dry: { type: "boolean", about: "stay in the harbour" },
  },
} as const satisfies CommandSpec;

test("parseCommandLine reads every spelling of an option", () => {
  for (const args of [["--stack", "prod"], ["--stack=prod"], ["-s", "prod"]])
    assert.equal(parseCommandLine(spec, args).values.stack, "prod", args.join(" "));
});

test("parseCommandLine fills in defaults, lists and flags", () => {
  const none = parseCommandLine(spec, []);
  assert.deepEqual({ ...none.values }, { knots: "5", port: [], dry: false });
  assert.deepEqual([none.positionals, none.help], [[], false]);
  const { values } = parseCommandLine(spec, ["--dry", "--port", "a", "--knots=7", "--port=b"]);
  assert.deepEqual({ ...values }, { knots: "7", port: ["a", "b"], dry: true });
});

test("parseCommandLine knows --help and -h in every command", () => {
  for (const args of [["--help"], ["-h"], ["--dry", "-h"]])
    assert.equal(parseCommandLine(spec, args).help, true);
});

for (const [what, args] of [
  ["Unknown option '--stak'", ["--stak", "prod"]],
  ["Unknown option '-x'", ["-x"]],
  ["Option '-s, --stack <value>' argument missing", ["--stack"]],
  ["Option '--stack' argument is ambiguous.", ["--stack", "--dry"]],
  ["Option '--dry' does not take an argument", ["--dry=yes"]],
  ["Option '--stack' is given twice", ["--stack", "prod", "-s", "local"]],
  ["Unexpected argument 'prod'", ["prod"]],
  ["Unexpected argument '--stack'", ["--", "--stack"]],
] as const)
  test(`parseCommandLine refuses ${args.join(" ")}`, () => {
    assert.throws(
      () => parseCommandLine(spec, args),
      (error) => {
        assert.ok(error instanceof UserError);
        assert.deepEqual(
          [error.message, error.fix, error.exitCode],
          [what, "see all options: npm run sail -- --help", 2],
        );
        return true;
      },
    );
  });

test("parseCommandLine accepts as many positional arguments as the command has", () => {
  const positionals = { value: "NAME", about: "a name", most: 2 };
  assert.deepEqual(parseCommandLine({ ...spec, positionals }, ["a", "b"]).positionals, ["a", "b"]);
  assert.throws(() => parseCommandLine({ ...spec, positionals }, ["a", "b", "c"]), {
    message: "Unexpected argument 'c'",
  });
});

test("helpOf lists every option with its value, its text and its default", () => {
  assert.equal(
    helpOf({ ...spec, positionals: { value: "NAME", about: "who sails", most: 9 }, notes: "Ahoy." }),
    `Usage: npm run sail [-- options NAME …]

Sets sail.

  NAME              who sails
  -s, --stack NAME  the stack (default: $PULUMI_STACK, else local)
  --knots N         speed (default: 5)
  --port NAME       a port of call;
                    may be given again
  --dry             stay in the harbour
  -h, --help        show this help

Ahoy.`,
  );
});

test("helpOf and errors put -- before the options of npm commands only", () => {
  const sample = { command: "node sample.ts", about: "A sample.", options: {} };
  assert.match(helpOf(sample), /^Usage: node sample\.ts \[options\]\n/);
  assert.match(helpOf({ ...sample, command: "npm run sample" }), /^Usage: npm run sample \[-- options\]\n/);
  assert.equal(wrongCommandLine(sample, "wrong").fix, "see all options: node sample.ts --help");
});
