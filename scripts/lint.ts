import { runLint } from "./checks.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";

await entry(commands.lint, ({ positionals }) => runLint(positionals));
