import { type FileHandle, open, stat } from "node:fs/promises";
import { UserError } from "../../contract/user-error.ts";
import { requireRoot } from "./layout.ts";
import { logFile, logTail } from "./process-supervisor.ts";
import { daemonNames } from "./status.ts";

const tailLines = 40;
const pollMs = 300;

/**
 * Prints the last lines of daemons' logs. With `follow` it also prints new lines, until it is interrupted. With several
 * daemons, each line begins with the daemon's name.
 *
 * @param names daemons as `status` names them; all when empty.
 * @throws {UserError} on an unknown name, or without root.
 */
export async function followLogs(names: readonly string[], options: { follow: boolean }): Promise<void> {
  requireRoot();
  const known: readonly string[] = daemonNames;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UserError(`there is no component named ${unknown}`, `choose from ${known.join(", ")}`, {
      exitCode: 2,
    });
  const chosen = names.length > 0 ? names : known;
  const width = Math.max(...chosen.map((name) => name.length));
  const print = (name: string, line: string): void => {
    process.stdout.write(chosen.length > 1 ? `${name.padEnd(width)} ${line}\n` : `${line}\n`);
  };
  const ends = new Map<string, number>();
  for (const name of chosen) {
    ends.set(name, await sizeOf(name));
    const tail = await logTail(name, tailLines);
    for (const line of tail === "" ? [] : tail.split("\n")) print(name, line);
  }
  while (options.follow) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    for (const [name, end] of ends) {
      const { lines, end: next } = await readOn(name, end);
      ends.set(name, next);
      for (const line of lines) print(name, line);
    }
  }
}

async function sizeOf(name: string): Promise<number> {
  return stat(logFile(name)).then(
    (found) => found.size,
    () => 0,
  );
}

/** Returns the complete lines after `end`. A log that became shorter was replaced and is read from its start. */
async function readOn(name: string, end: number): Promise<{ lines: string[]; end: number }> {
  const size = await sizeOf(name);
  const from = size < end ? 0 : end;
  if (size === from) return { lines: [], end: from };
  const log = await open(logFile(name));
  try {
    return await wholeLines(log, from, size - from);
  } finally {
    await log.close();
  }
}

async function wholeLines(
  log: FileHandle,
  from: number,
  length: number,
): Promise<{ lines: string[]; end: number }> {
  const { buffer, bytesRead } = await log.read(Buffer.alloc(length), 0, length, from);
  const whole = buffer.subarray(0, bytesRead).lastIndexOf("\n") + 1;
  const lines = whole === 0 ? [] : buffer.toString("utf8", 0, whole - 1).split("\n");
  return { lines, end: from + whole };
}
