import { readFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { text } from "node:stream/consumers";

/** The process that holds a lock, and what it does. */
export interface LockHolder {
  pid: number;
  /** Such as `npm start`. */
  command: string;
  /** Continues "it", such as `deploys the stack local`. */
  activity: string;
}

/** A lock that is held. It ends with the process in any case. */
export interface HeldLock {
  release(): void;
}

// An abstract socket: the kernel frees the name when the process ends, also when it is killed. See unix(7).
const socketOf = (name: string): string => `\0breakwater-${name}`;
const answerMs = 1000;

/**
 * Takes a lock of this machine.
 *
 * @param name at most 90 characters.
 * @param activity see LockHolder; called when another process asks.
 * @returns undefined while another process holds it.
 */
export async function tryLock(name: string, activity: () => string): Promise<HeldLock | undefined> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    const holder: LockHolder = { pid: process.pid, command: thisCommand(process.env), activity: activity() };
    socket.end(JSON.stringify(holder));
  });
  const listening = await new Promise<Server | undefined>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen(socketOf(name), () => resolve(server));
  });
  // A process that has nothing else to do may end.
  listening?.unref();
  return listening && { release: () => void listening.close() };
}

/** Asks for the holder of a lock. @returns undefined when nobody holds it, or when the holder does not answer in a second. */
export async function holderOf(name: string): Promise<LockHolder | undefined> {
  const socket = connect(socketOf(name));
  socket.setTimeout(answerMs, () => socket.destroy());
  try {
    return JSON.parse(await text(socket)) as LockHolder;
  } catch {
    return undefined;
  }
}

/** Returns the names of the held locks that begin with `prefix`. */
export async function heldLocks(prefix: string): Promise<string[]> {
  const sockets = await readFile("/proc/net/unix", "utf8");
  const names = [...sockets.matchAll(/ @breakwater-([\w.-]+)/g)].map(([, name = ""]) => name);
  return [...new Set(names.filter((name) => name.startsWith(prefix)))];
}

/** Returns the command of this process as the user typed it. */
export function thisCommand({ npm_lifecycle_event: script }: NodeJS.ProcessEnv): string {
  if (script === undefined) return "a command";
  return ["start", "test"].includes(script) ? `npm ${script}` : `npm run ${script}`;
}
