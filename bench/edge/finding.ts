import { columns } from "../../host/table.ts";

/** One checked promise of the gateway. */
export interface Finding {
  /** The part of the proof. */
  part: string;
  /** What was checked. */
  check: string;
  measured: string;
  target: string;
  isMet: boolean;
  /** Kinds of failures. */
  details?: string;
  /** Raw values for the JSON file. */
  values?: unknown;
}

/** The findings as text, with a mark for each. */
export function findingsTable(findings: readonly Finding[]): string {
  const rows = findings.map(({ part, check, measured, target, isMet, details = "" }) => [
    isMet ? "✓" : "✗",
    part,
    check,
    measured,
    target,
    details,
  ]);
  return columns([["", "part", "check", "measured", "target", ""], ...rows], []);
}

/** Exit code of the proof: 0 when there are findings and all targets are met. */
export function exitCodeOf(findings: readonly Finding[]): 0 | 1 {
  return findings.length > 0 && findings.every(({ isMet }) => isMet) ? 0 : 1;
}

/** A finding about failed requests: none is the target. */
export function noneFailed(
  part: string,
  check: string,
  { sent, failed, reasons }: { sent: number; failed: number; reasons: string },
): Finding {
  return {
    part,
    check,
    measured: `${failed} of ${sent} failed`,
    details: reasons,
    target: "0 failed",
    isMet: failed === 0 && sent > 0,
  };
}

/** Milliseconds as seconds with one decimal, such as `1.4 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Smallest, middle and largest of several times, such as `0.6 … 0.9 … 1.4 s`. */
export function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    ((sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN) / 1000).toFixed(1);
  return sorted.length === 0 ? "none" : `${at(0)} … ${at(0.5)} … ${at(1)} s`;
}
