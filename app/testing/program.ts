import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort } from "./free-port.ts";

/** A line of the API's log. */
export interface LogLine {
  level: string;
  msg: string;
  worker?: number;
  pid?: number;
  why?: string;
  how?: string;
}

/** The API as a separate process. */
export interface Program {
  readonly port: number;
  readonly internalPort: number;
  readonly process: ChildProcess;
  readonly log: readonly LogLine[];
  /** Waits for a log line and returns the first match from index `from` on. Rejects after 30 s. */
  logged(matches: (line: LogLine) => boolean, from?: number): Promise<LogLine>;
  /** The exit code, or the signal that ended the process. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Bearer token of the internal port. */
export const internalToken = "token-of-the-tests";
const logTimeoutMs = 30_000;
const mainFile = join(import.meta.dirname, "../src/main.ts");

/** Starts the API from its sources on free ports, without database and Redis unless `env` names them. Ends with the test. */
export async function startProgram(t: TestContext, env: Record<string, string> = {}): Promise<Program> {
  const [port, internalPort] = [Number(env.PORT ?? (await freePort())), await freePort()];
  const child = spawn(process.execPath, [mainFile], {
    cwd: dirname(mainFile),
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
  // "close" instead of "exit": by then the last line has been read.
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const logged = async (matches: (line: LogLine) => boolean, from = 0): Promise<LogLine> => {
    for (const deadline = Date.now() + logTimeoutMs; Date.now() < deadline; await sleep(20)) {
      const found = log.slice(from).find(matches);
      if (found) return found;
    }
    throw new Error(
      `not logged within ${logTimeoutMs} ms; the last lines: ${JSON.stringify(log.slice(-5), null, 1)}`,
    );
  };
  return { port, internalPort, process: child, log, logged, ended };
}
