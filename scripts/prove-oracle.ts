import { UserError } from "../contract/user-error.ts";
import { proveOracle } from "../loadtest/testing/oracle/prove.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";

await entry(commands["prove:oracle"], async ({ rounds, positionals }) => {
  if (!/^[1-9]\d{0,2}$/.test(rounds))
    throw new UserError(`--rounds ${rounds}: must be a number from 1 to 999`, "for example: --rounds 3", {
      exitCode: 2,
    });
  return proveOracle(Number(rounds), positionals[0] ?? "");
});
