import assert from "node:assert/strict";
import { test } from "node:test";
import { type Command, commands } from "./commands.ts";
import { readInput } from "./entry.ts";

test("readInput refuses a stack that npm has kept for itself, because -- is missing", () => {
  // npm run up --stack=prod
  for (const stack of ["prod", "", "true"])
    for (const command of [commands.up, commands.down, commands.pulumi] as Command<object>[])
      assert.throws(
        () => readInput(command, ["destroy"], { npm_config_stack: stack, npm_lifecycle_event: "up" }),
        {
          name: "UserError",
          exitCode: 2,
          message: "npm has read --stack as an option of its own",
          fix: "put -- in front of it: npm run up -- --stack NAME",
        },
      );
});

test("readInput reads the arguments when npm has kept none", () => {
  assert.equal(readInput(commands.up, ["--stack=prod"], {}).stack, "prod");
});
