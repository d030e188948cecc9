import { cpus, release, totalmem } from "node:os";

/** The properties of a machine that measurements depend on. Plain data, stored beside the measurements. */
export interface Machine {
  /** The name that the CPU reports; virtual machines may report a generic name. */
  cpuModel: string;
  /** Logical CPUs that are online, independent of quota and affinity. */
  cpus: number;
  /** GiB, rounded to one decimal: it differs a little from boot to boot. */
  memoryGiB: number;
  /** Kernel release, as in `uname -r`. */
  kernel: string;
  /** Version of the Node.js that the load generator and the calibration run in. */
  node: string;
}

const sameMemoryShare = 0.05;

/** Describes the machine that this process runs on. */
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
 * Whether measurements of two machines can be compared, with a reason for each difference. Memory may differ by 5 %.
 *
 * @param a the earlier machine, named first in each reason
 * @param b the present machine
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
