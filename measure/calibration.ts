import { fork } from "node:child_process";
import type { CalibrationPart } from "./calibration-child.ts";
import { median } from "./median.ts";

/** How fast the machine serves HTTP at present. */
export interface Calibration {
  /** Geometric mean of the two rates below. It has no unit; only ratios of it are meaningful. */
  speed: number;
  /** Small JSON responses over loopback per second of CPU time, with client and server in one thread. */
  requestsPerCpuSecond: number;
  /** Rounds of integer arithmetic per second of CPU time. */
  roundsPerCpuSecond: number;
  /** CPU seconds that the calibration got per second: about 1 on an idle machine, far less when other processes use the CPUs. */
  cpuShare: number;
}

const timeoutMs = 60_000;

/**
 * Measures the machine's speed; takes about 1.5 seconds of one CPU. Call it next to each repeat of a measurement, to
 * distinguish a slower machine from slower software.
 *
 * It measures work per CPU second, because the load by other processes changes from second to second. With a load
 * average of four on two CPUs, the rates per second vary by 11 % and 7 % (coefficient of variation over 20
 * calibrations), the rates per CPU second by 4 % and 3 %. The median of ten parts keeps a short disturbance out.
 *
 * @throws {Error} when the measuring process cannot be started, dies, or does not end within a minute
 */
export async function calibrate(): Promise<Calibration> {
  return calibrationOf(await runChild());
}

/** The calibration from the counts of its parts; at least one part. */
export function calibrationOf(parts: readonly CalibrationPart[]): Calibration {
  const medianOf = (value: (part: CalibrationPart) => number) => median(parts.map(value));
  const requestsPerCpuSecond = medianOf((part) => part.requestsPerCpuSecond);
  const roundsPerCpuSecond = medianOf((part) => part.roundsPerCpuSecond);
  return {
    speed: Math.sqrt(requestsPerCpuSecond * roundsPerCpuSecond),
    requestsPerCpuSecond,
    roundsPerCpuSecond,
    cpuShare: medianOf((part) => part.cpuSeconds / part.wallSeconds),
  };
}

function runChild(): Promise<CalibrationPart[]> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL("./calibration-child.ts", import.meta.url), {
      // The child gets no flags of this process (a profiler, the test runner), which would be measured too.
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      timeout: timeoutMs,
    });
    let counted: CalibrationPart[] | undefined;
    child.on("message", (message) => {
      counted = message as CalibrationPart[];
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      if (counted) resolve(counted);
      else reject(new Error(`the calibration ended with ${signal ?? `code ${code}`} and sent no counts`));
    });
  });
}
