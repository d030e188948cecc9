import { exitCodes, UserError } from "../contract/user-error.ts";

/** The error for a wrong command line. @param what names the flag, the value and the rule */
export function wrongUsage(what: string): UserError {
  return new UserError(what, "see all options: npm run loadtest -- --help", {
    exitCode: exitCodes["wrong usage"],
  });
}
