import { join } from "node:path";
import { runCommand } from "../../host/run-command.ts";
import { cgroupCpuSeconds, machineCpuSeconds } from "../../measure/cpu-time.ts";
import type { Route } from "./routes.ts";

/** Where a turn sends its requests, and whose CPU time it reads. */
export interface Target {
  /** `address:port`; several get equal shares. */
  addresses: readonly string[];
  /** `/api` of gateways, nothing of pods. */
  prefix: string;
  /** Folder of the gateway's control group; absent without a gateway. */
  gatewayGroup: string | undefined;
  /** Folders of the API pods' control groups. */
  apiGroups: readonly string[];
}

/** Results of one turn. CPU times are in microseconds for each request. */
export interface Turn {
  requestsPerSecond: number;
  failed: number;
  p50Ms: number;
  p99Ms: number;
  /** Of the whole machine without the load generator. */
  machineMicros: number;
  gatewayMicros: number;
  apiMicros: number;
}

const script = join(import.meta.dirname, "wrk.lua");
// The shell's own clock is the one that knows the CPU time of an ended child.
const timed = 'TIMEFORMAT="%U %S"; time wrk "$@"';

/**
 * Sends one kind of request over so many connections for so long, as fast as responses arrive.
 *
 * @throws {UserError} when wrk fails
 */
export async function measureTurn(
  target: Target,
  route: Route,
  load: { connections: number; seconds: number; threads: number },
): Promise<Turn> {
  const env = {
    ...process.env,
    WRK_ADDRESSES: target.addresses.join(" "),
    WRK_METHOD: route.method,
    WRK_HEADERS: Object.entries(route.headers ?? {})
      .map(([name, value]) => `${name}: ${value}`)
      .join("\n"),
    WRK_BODY: route.body ?? "",
  };
  const flags = ["-t", String(load.threads), "-c", String(load.connections), "-d", `${load.seconds}s`];
  const url = `http://${target.addresses[0]}${target.prefix}${route.path}`;
  const lines: string[] = [];
  const before = await readCpu(target);
  await runCommand("bash", ["-c", timed, "wrk", ...flags, "-s", script, url], {
    env,
    fix: "see the output of wrk",
    onLine: (line) => lines.push(line),
  });
  const after = await readCpu(target);
  const json = lines.find((line) => line.startsWith("{"));
  const times = lines.findLast((line) => /^[\d.]+ [\d.]+$/.test(line));
  if (json === undefined || times === undefined) throw new Error(`wrk gave no result: ${lines.join("\n")}`);
  const result = JSON.parse(json) as Pick<Turn, "failed" | "p50Ms" | "p99Ms"> & {
    requests: number;
    seconds: number;
  };
  const [user, system] = times.split(" ").map(Number) as [number, number];
  const micros = (seconds: number): number => (seconds / Math.max(result.requests, 1)) * 1e6;
  return {
    requestsPerSecond: result.requests / result.seconds,
    failed: result.failed,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    machineMicros: micros(after.machine - before.machine - user - system),
    gatewayMicros: micros(after.gateway - before.gateway),
    apiMicros: micros(after.api - before.api),
  };
}

async function readCpu({ gatewayGroup, apiGroups }: Target) {
  const [machine, gateway, ...api] = await Promise.all([
    machineCpuSeconds(),
    gatewayGroup === undefined ? 0 : cgroupCpuSeconds(gatewayGroup),
    ...apiGroups.map(cgroupCpuSeconds),
  ]);
  return { machine, gateway, api: api.reduce((sum, each) => sum + each, 0) };
}
