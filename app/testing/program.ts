import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";

/** A line of the program's log. */
export interface LogLine {
  level: string;
  msg: string;
  worker?: number;
  pid?: number;
  why?: string;
  how?: string;
}

/** The API as a program of its own. */
export interface Program {
  readonly port: number;
  readonly internalPort: number;
  readonly process: ChildProcess;
  readonly log: readonly LogLine[];
  /** The first line, from the given one on, that is wanted; waits for it. Rejects after 30 s. */
  logged(wanted: (line: LogLine) => boolean, from?: number): Promise<LogLine>;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export const internalToken = "token-of-the-tests";
const patienceMs = 30_000;
const mainFile = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/**
 * Starts the API from its source on free ports, with nothing behind it unless the environment names it. It is ended with
 * the test at the latest.
 */
export async function startProgram(t: TestContext, env: Record<string, string> = {}): Promise<Program> {
  const [port, internalPort] = [Number(env.PORT ?? (await freePort())), await freePort()];
  const child = spawn(process.execPath, ["--import", "tsx", mainFile], {
    cwd: path.dirname(mainFile),
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: "postgres://nobody:nothing@127.0.0.1:1/none",
      INTERNAL_TOKEN: internalToken,
      SHUTDOWN_DELAY_MS: "100",
      ...env,
      PORT: String(port),
      INTERNAL_PORT: String(internalPort),
    },
  });
  const log: LogLine[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith("{")) log.push(JSON.parse(line));
  });
  // "close" rather than "exit": the last line was read by then.
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const logged = async (wanted: (line: LogLine) => boolean, from = 0): Promise<LogLine> => {
    for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(20)) {
      const found = log.slice(from).find(wanted);
      if (found) return found;
    }
    throw new Error(
      `not logged in ${patienceMs} ms; the last lines: ${JSON.stringify(log.slice(-5), null, 1)}`,
    );
  };
  return { port, internalPort, process: child, log, logged, ended };
}
