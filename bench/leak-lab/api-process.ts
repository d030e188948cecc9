import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { MemoryReport } from "../../app/src/runtime/memory/monitor.ts";
import { freePort } from "../../app/testing/free-port.ts";
import { imageNode } from "../api/server-process.ts";

const token = "leak-lab-leak-lab";
const patienceMs = 20_000;

/** The API as in its image, a process of its own. */
export interface ApiProcess {
  port: number;
  /** Its log: one object for each line. */
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

/** @param server the bundle's path. @throws Error when it does not serve. */
export async function startApi(server: string, env: NodeJS.ProcessEnv): Promise<ApiProcess> {
  const [port, internalPort] = [await freePort(), await freePort()];
  const child = spawn(imageNode, ["--max-semi-space-size=8", server], {
    env: {
      ...{ PATH: process.env.PATH, NODE_ENV: "production", NODE_OPTIONS: "--max-old-space-size=96" },
      ...{ PORT: String(port), INTERNAL_PORT: String(internalPort), INTERNAL_TOKEN: token, LEAK_LAB: "1" },
      // Nothing listens there: the routes that leak need no database.
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
  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${internalPort}/internal/${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${await answer.text()}`);
    return await answer.json();
  };
  for (const untilMs = Date.now() + patienceMs; ; await sleep(100)) {
    const serves = await fetch(`http://127.0.0.1:${port}/light`).catch(() => undefined);
    if (serves?.ok) break;
    if (child.exitCode !== null || Date.now() > untilMs) throw new Error("the API does not serve");
  }
  return {
    port,
    onLine: (listener) => listeners.push(listener),
    memory: () => ask("memory") as Promise<MemoryReport>,
    snapshots: () => ask("heap-snapshots") as Promise<{ name: string; bytes: number }[]>,
    stop: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}
