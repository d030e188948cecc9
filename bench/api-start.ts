import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../app/testing/free-port.ts";
import { columns } from "../host/table.ts";
import { processCpuSeconds } from "../measure/cpu-time.ts";
import { interleave } from "../measure/interleave.ts";
import { median } from "../measure/median.ts";
import { startBacking } from "./api/backing.ts";
import { bundleServers } from "./api/bundles.ts";
import { imageNode, waitForOk } from "./api/server-process.ts";
import { readOptions } from "./options.ts";

/*
 * Measures the start of the API with different flags of Node.js, in turns: the time until /livez and /readyz respond with
 * 200, the CPU time until then, and the memory when idle.
 */

const { rounds, idle } = readOptions({
  command: "node bench/api-start.ts",
  about:
    "Measures how long the API takes to start with different flags of Node.js, and its memory when idle.",
  options: {
    rounds: { type: "string", value: "N", default: "6", about: "turns of each variant, an even number" },
    idle: { type: "string", value: "S", default: "15", about: "idle seconds before the memory is read" },
  },
});
const folder = await mkdtemp(join(tmpdir(), "bench-api-start-"));
const cache = join(folder, "compile-cache");
const image = ["--max-semi-space-size=8", "--max-old-space-size=144"];
const variants = new Map<string, { flags: string[]; env?: NodeJS.ProcessEnv }>([
  ["image", { flags: image }],
  ["one thread collects", { flags: [...image, "--no-parallel-scavenge"] }],
  ["compile cache", { flags: image, env: { NODE_COMPILE_CACHE: cache } }],
  ["usual semi-space", { flags: image.slice(1) }],
]);
interface Start {
  liveMs: number;
  readyMs: number;
  cpuMs: number;
  idleMiB: number;
}
const backing = await startBacking();
try {
  const { api } = await bundleServers(folder);
  await start(api, "compile cache", 3);
  const starts = new Map<string, Start[]>();
  for (const { variant } of interleave([...variants.keys()], Number(rounds)))
    starts.set(variant, [...(starts.get(variant) ?? []), await start(api, variant, Number(idle))]);
  const rows = [...starts].map(([name, all]) => [
    name,
    ...(["liveMs", "readyMs", "cpuMs", "idleMiB"] as const).map((value) =>
      median(all.map((one) => one[value])).toFixed(0),
    ),
  ]);
  console.log(columns([["", "live ms", "ready ms", "CPU ms", "idle MiB"], ...rows], [1, 2, 3, 4]));
} finally {
  await backing.stop();
  await rm(folder, { recursive: true, force: true });
}

async function start(file: string, name: string, idleSeconds: number): Promise<Start> {
  const { flags, env } = variants.get(name) ?? { flags: [] };
  const [port, internal] = [await freePort(), await freePort()];
  const startedMs = performance.now();
  const child = spawn(imageNode, [...flags, file], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: "production",
      SHUTDOWN_DELAY_MS: "0",
      HEAVY_THREADS: "1",
      ...backing.env,
      ...env,
      PORT: String(port),
      INTERNAL_PORT: String(internal),
    },
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  try {
    await waitForOk(internal, "/livez", { intervalMs: 3 });
    const liveMs = performance.now() - startedMs;
    await waitForOk(internal, "/readyz", { intervalMs: 3 });
    const readyMs = performance.now() - startedMs;
    const cpuMs = (await processCpuSeconds(child.pid ?? 0)) * 1000;
    await sleep(idleSeconds * 1000);
    const status = await readFile(`/proc/${child.pid}/status`, "utf8");
    return { liveMs, readyMs, cpuMs, idleMiB: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024 };
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}
