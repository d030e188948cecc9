import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { MemoryReport } from "../../app/src/runtime/memory/monitor.ts";
import { freePort } from "../../app/testing/free-port.ts";
import { imageNode, waitForOk } from "../api/server-process.ts";

const token = "leak-lab-leak-lab";

/** A process of the API, as in its image. */
export interface ApiProcess {
  port: number;
  /** Calls the listener with each line of the log. */
  onLine(listener: (line: LogLine) => void): void;
  memory(): Promise<MemoryReport>;
  snapshots(): Promise<{ name: string; bytes: number }[]>;
  stop(): Promise<void>;
}

export interface LogLine {
  level: string;
  msg: string;
  [fact: string]: unknown;
}

/** Starts the bundle `server` and waits until it responds. @throws {Error} when it does not in 20 s */
export async function startApi(server: string, env: NodeJS.ProcessEnv): Promise<ApiProcess> {
  const [port, internalPort] = [await freePort(), await freePort()];
  const child = spawn(imageNode, ["--max-semi-space-size=8", server], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: "production",
      NODE_OPTIONS: "--max-old-space-size=96",
      PORT: String(port),
      INTERNAL_PORT: String(internalPort),
      INTERNAL_TOKEN: token,
      LEAK_LAB: "1",
      // Nothing listens on this port: the leaking routes need no database.
      DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
      HEAVY_THREADS: "1",
      ...env,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const listeners: ((line: LogLine) => void)[] = [];
  createInterface(child.stdout).on("line", (text) => {
    const line = JSON.parse(text) as LogLine;
    for (const listener of listeners) listener(line);
  });
  const getInternal = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${internalPort}/internal/${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (!answer.ok) throw new Error(`${path}: status ${answer.status}: ${await answer.text()}`);
    return await answer.json();
  };
  await waitForOk(port, "/light", { hasEnded: () => child.exitCode !== null });
  return {
    port,
    onLine: (listener) => listeners.push(listener),
    memory: () => getInternal("memory") as Promise<MemoryReport>,
    snapshots: () => getInternal("heap-snapshots") as Promise<{ name: string; bytes: number }[]>,
    stop: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}
