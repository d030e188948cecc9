import type { ScanFinding } from "./scanners.ts";

/** A finding that stays, and why. */
export interface Argument {
  scanner: ScanFinding["scanner"];
  check: string;
  /** Objects that it is true of, as `Kind/name`. */
  objects: RegExp;
  why: string;
}

/** All findings that stay. */
export const allArguments: readonly Argument[] = [
  {
    scanner: "kube-score",
    check: "deployment-has-host-podantiaffinity",
    objects: /./,
    why: "topologySpreadConstraints spread the pods over nodes; kube-score knows anti-affinity only",
  },
  {
    scanner: "kube-score",
    check: "statefulset-has-host-podantiaffinity",
    objects: /./,
    why: "the same; a database of one pod has nothing to spread",
  },
  {
    scanner: "kube-score",
    check: "deployment-replicas",
    objects: /^Deployment\/redis-controller$/,
    why: "one acts at a time, by its Lease; Redis serves while it is away",
  },
  {
    scanner: "kube-score",
    check: "networkpolicy-targets-pod",
    objects:
      /^NetworkPolicy\/(redis-check|compared-image|database-backup|database-password|redis-password|redis-formation)-(e|in)gress-[0-9a-f]+$/,
    why: "the pods of Jobs and of npm commands exist for a while only",
  },
  {
    scanner: "kube-score",
    check: "service-type",
    objects: /^Service\/nginx$/,
    why: "the gateway is the stack's entrance; nginx.serviceType chooses another type",
  },
];

/** What a scan says after the arguments. */
export interface Argued {
  /** Findings that nobody has argued. */
  open: ScanFinding[];
  /** Arguments with the number of findings that they stand for. */
  argued: { argument: Argument; findings: number }[];
}

/** Compares findings with the arguments. An argument without a finding stays listed, with 0. */
export function argue(findings: readonly ScanFinding[], list: readonly Argument[]): Argued {
  const isAbout = ({ scanner, check, objects }: Argument, finding: ScanFinding): boolean =>
    scanner === finding.scanner && check === finding.check && objects.test(finding.object);
  return {
    open: findings.filter((finding) => !list.some((argument) => isAbout(argument, finding))),
    argued: list.map((argument) => ({
      argument,
      findings: findings.filter((finding) => isAbout(argument, finding)).length,
    })),
  };
}
