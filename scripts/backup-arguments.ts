import {
  type CommandSpec,
  helpOf,
  parseCommandLine,
  stackOption,
  wrongCommandLine,
} from "../host/command-line.ts";

/** What `npm run backups` does. */
export type BackupWish = { action: "list" } | { action: "backup" } | { action: "restore"; name: string };

const spec = {
  command: "npm run backups",
  about: `Lists the backups of a deployed stack's database, makes one now, or puts one back.
The stack must make backups: database.backup.schedule.`,
  options: { stack: stackOption },
  positionals: { value: "list | now | restore NAME", most: 2, about: "what to do (default: list)" },
  notes: "A restore first makes a backup of the present state, and clears the cache at the end.",
} as const satisfies CommandSpec;

export const backupsHelp = helpOf(spec);

/** @throws {UserError} with exit code 2 on other words, and on a name that no backup can have. */
export function parseBackupsCommand(args: readonly string[]) {
  const { values, positionals, help } = parseCommandLine(spec, args);
  return { stack: values.stack, wish: wishOf(positionals), help };
}

function wishOf(words: readonly string[]): BackupWish {
  const [word = "list", name] = words;
  if (word === "restore" && name !== undefined && /^[\w-]+\.dump$/.test(name))
    return { action: "restore", name };
  if (name === undefined && word === "list") return { action: "list" };
  if (name === undefined && word === "now") return { action: "backup" };
  throw wrongCommandLine(
    spec,
    `"${words.join(" ")}" is neither list, now nor restore with the name of a backup`,
  );
}
