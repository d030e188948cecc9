import { setTimeout as sleep } from "node:timers/promises";
import { RolePasswordUnknown, setRolePassword } from "./runtime/database/role-password.ts";
import { readSecretFile } from "./runtime/process/secret-file.ts";

/*
 * `node set-database-password.js` gives the role of DATABASE_URL the password of this URL, and exits with 0; with 1 when it
 * fails. It logs in with the URL, or with the password in DATABASE_PASSWORD_FILE. A database that does not answer is
 * tried again for two minutes.
 */

const timeoutMs = 120_000;
const pauseMs = 1_000;
const fix =
  "if a pulumi up was interrupted: set database.passwordVersion to the number that it had, and run pulumi up again";

async function run(): Promise<string> {
  const { DATABASE_URL: url = "", DATABASE_PASSWORD_FILE } = process.env;
  for (const deadline = Date.now() + timeoutMs; ; await sleep(pauseMs)) {
    try {
      const isChanged = await setRolePassword({ url, otherPassword: readSecretFile(DATABASE_PASSWORD_FILE) });
      return isChanged ? "the role has the new password" : "nothing to do: the role has this password";
    } catch (error) {
      if (error instanceof RolePasswordUnknown) throw new Error(`${error.message}; ${fix}`);
      if (Date.now() > deadline) throw error;
      console.log(`the database does not answer: ${(error as Error).message}`);
    }
  }
}

run().then(console.log, (error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
