import { $ } from "zx";
import { entry } from "./entry.ts";
import { projectRoot } from "./stack.ts";
import { unitTests } from "./test-files.ts";

await entry(async () => {
  const tsx = ["--import", import.meta.resolve("tsx")];
  const run = await $({
    cwd: projectRoot,
    stdio: "inherit",
    nothrow: true,
  })`${process.execPath} ${tsx} --test ${await unitTests()}`;
  return run.exitCode ?? 1;
});
