import { $ } from "zx";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { projectRoot } from "./stack.ts";
import { unitTests } from "./test-files.ts";

await entry(commands["test:unit"], async ({ positionals }) => {
  const tsx = ["--import", import.meta.resolve("tsx")];
  const run = await $({
    cwd: projectRoot,
    stdio: "inherit",
    nothrow: true,
  })`${process.execPath} ${tsx} --test ${await unitTests(positionals)}`;
  return run.exitCode ?? 1;
});
