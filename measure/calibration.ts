import { fork } from "node:child_process";
import type { CalibrationPart } from "./calibration-child.ts";
import { median } from "./median.ts";

/** How fast the machine serves HTTP at this moment. */
export interface Calibration {
  /** The one figure: the geometric mean of the two below. Without a unit; only ratios of it mean something. */
  speed: number;
  /** Small JSON answers over loopback, client and server in one thread, per second of CPU time. */
  requestsPerCpuSecond: number;
  /** Rounds of integer arithmetic per second of CPU time. */
  roundsPerCpuSecond: number;
  /** CPU time that the calibration got in each second, about 1 on an idle machine; far below, others wanted the CPUs. */
  cpuShare: number;
}

const patienceMs = 60_000;

/**
 * Measures the machine's speed, in about a second and a half of one CPU. To be made next to each repeat of a
 * measurement, so that a machine that is slower today can be told from software that is.
 *
 * Work per CPU second, not per second, since how busy others are changes from second to second: with a load average of
 * four on two CPUs the figures per second spread by 11 % and 7 % (coefficient of variation over 20 calibrations), those
 * per CPU second by 4 % and 3 %. The median of ten parts is taken, so that one disturbance does not count.
 *
 * @throws Error when the process that measures cannot be started, dies, or does not end within a minute.
 */
export async function calibrate(): Promise<Calibration> {
  return calibrationOf(await partsOfChild());
}

/** The figures of a calibration from what its parts counted, one at least. */
export function calibrationOf(parts: readonly CalibrationPart[]): Calibration {
  const middle = (of: (part: CalibrationPart) => number) => median(parts.map(of));
  const requestsPerCpuSecond = middle((part) => part.requestsPerCpuSecond);
  const roundsPerCpuSecond = middle((part) => part.roundsPerCpuSecond);
  return {
    speed: Math.sqrt(requestsPerCpuSecond * roundsPerCpuSecond),
    requestsPerCpuSecond,
    roundsPerCpuSecond,
    cpuShare: middle((part) => part.cpuSeconds / part.wallSeconds),
  };
}

function partsOfChild(): Promise<CalibrationPart[]> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL("./calibration-child.ts", import.meta.url), {
      // Whatever else this process was started with (a profiler, the test runner) would be measured too.
      execArgv: ["--import", import.meta.resolve("tsx")],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      timeout: patienceMs,
    });
    let counted: CalibrationPart[] | undefined;
    child.on("message", (message) => {
      counted = message as CalibrationPart[];
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      if (counted) resolve(counted);
      else reject(new Error(`the calibration ended with ${signal ?? `code ${code}`} and without figures`));
    });
  });
}
