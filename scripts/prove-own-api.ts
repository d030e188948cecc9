import { $ } from "zx";
import { bringUp } from "../local/bring-up.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { projectRoot } from "./stack.ts";

await entry(commands["prove:own-api"], async () => {
  const env = { ...process.env, ...(await bringUp()), BREAKWATER_EXAMPLES: "express,hono,nest,go" };
  const { exitCode } = await $({
    cwd: projectRoot,
    env,
    stdio: "inherit",
    nothrow: true,
  })`${process.execPath} --test --test-force-exit e2e/own-api.e2e.test.ts`;
  return exitCode ?? 1;
});
