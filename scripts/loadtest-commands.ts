import type { ApiPrefix } from "../contract/api-prefix.ts";
import { helpText, parseCommand } from "../loadtest/cli/command-line.ts";
import type { Command } from "./commands.ts";

/** What the scripts read of the load test's options. */
export interface LoadtestInput {
  stack: string;
  /** File that a first form of requests is made from; nothing is loaded then. */
  from: string | undefined;
  /** Prefix of the API's paths in that form. */
  prefix: ApiPrefix | undefined;
  out: string | undefined;
  args: readonly string[];
}

/** Reads the load test's options, which include the stack. The arguments are passed on unchanged. */
function loadtestCommand(help: string): Command<LoadtestInput> {
  return {
    help,
    read(args) {
      const { stack, from, prefix, out, help } = parseCommand([...args], process.env);
      return { stack, args, from, prefix, out, help };
    },
  };
}

const startAbout = `Usage: npm start [-- options]

Installs what is missing, starts the embedded cluster, deploys the stack and runs the load test. The options are the
load test's.`;

/** The scripts that run the load test, by their names in package.json. */
export const loadtestCommands = {
  start: loadtestCommand([startAbout, ...helpText.split("\n\n").slice(2)].join("\n\n")),
  loadtest: loadtestCommand(helpText),
} as const;
