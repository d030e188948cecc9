import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { startTimeOf } from "../../host/process-table.ts";
import { replaceByRename } from "../../host/write-whole.ts";
import { noDaemonsPolicy } from "./scripts.ts";

const policyPath = "/usr/sbin/policy-rc.d";

/**
 * Calls `run` with a policy-rc.d that prevents Debian from starting daemons of installed packages. A policy-rc.d of the
 * machine stays as it is. The policy that a killed run left is used and then removed.
 */
export async function withoutStartingDaemons(run: () => Promise<void>): Promise<void> {
  await removeParts();
  const present = await readFile(policyPath, "utf8").catch(() => undefined);
  if (present !== undefined && present !== noDaemonsPolicy) return run();
  if (present === undefined)
    await replaceByRename(policyPath, (part) => writeFile(part, noDaemonsPolicy, { mode: 0o755 }));
  try {
    await run();
  } finally {
    await rm(policyPath, { force: true });
  }
}

/** Whether an installation of this project was killed: its policy-rc.d is still there. */
export async function installationWasKilled(): Promise<boolean> {
  await removeParts();
  return (await readFile(policyPath, "utf8").catch(() => undefined)) === noDaemonsPolicy;
}

/** Removes policies that killed runs have not written to their end; see replaceByRename. */
async function removeParts(): Promise<void> {
  const folder = dirname(policyPath);
  for (const name of await readdir(folder)) {
    const pid = /^policy-rc\.d\.(\d+)\.part$/.exec(name)?.[1];
    if (pid !== undefined && (await startTimeOf(Number(pid))) === undefined)
      await rm(join(folder, name), { force: true });
  }
}
