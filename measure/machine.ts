import { cpus, release, totalmem } from "node:os";

/** What a machine's figures depend on, as far as it can be told. Plain data, to be kept beside the figures. */
export interface Machine {
  /** As the CPU names itself. Virtual machines may hide it behind a general name. */
  cpuModel: string;
  /** Logical CPUs that are online, not fewer for a quota or affinity. */
  cpus: number;
  /** GiB, to one digit after the point: it differs a little from boot to boot. */
  memoryGiB: number;
  /** Release of the kernel, as `uname -r` has it. */
  kernel: string;
  /** Version of Node.js: the load generator and the calibration run in it. */
  node: string;
}

const sameMemoryShare = 0.05;

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  return {
    cpuModel: cpus()[0]?.model.trim() ?? "unknown",
    cpus: cpus().length,
    memoryGiB: Math.round((totalmem() / 1024 ** 3) * 10) / 10,
    kernel: release(),
    node: process.version,
  };
}

/**
 * Why figures of the two machines cannot be compared, in a few words each; none when they can, as far as can be told.
 * Memory may differ by 5 %.
 *
 * @param a the machine of then, named first in each reason
 * @param b the machine of now
 */
export function sameMachine(a: Machine, b: Machine): { same: boolean; reasons: string[] } {
  const reasons: string[] = [];
  const differ = (what: string, then: string | number, now: string | number) => {
    if (then !== now) reasons.push(`${what} was ${then}, is ${now}`);
  };
  differ("CPU", a.cpuModel, b.cpuModel);
  differ("number of CPUs", a.cpus, b.cpus);
  if (Math.abs(a.memoryGiB - b.memoryGiB) > sameMemoryShare * Math.max(a.memoryGiB, b.memoryGiB)) {
    reasons.push(`memory was ${a.memoryGiB} GiB, is ${b.memoryGiB} GiB`);
  }
  differ("kernel", a.kernel, b.kernel);
  differ("Node.js", a.node, b.node);
  return { same: reasons.length === 0, reasons };
}
