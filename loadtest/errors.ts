import type { UserError } from "../contract/user-error.ts";
import { wrongCommandLine } from "../host/command-line.ts";

/** What the user types before the options. */
export const commandName = "npm run loadtest";

/** The error for a wrong command line. @param what names the option, the value and the rule */
export function wrongUsage(what: string): UserError {
  return wrongCommandLine({ command: commandName }, what);
}
