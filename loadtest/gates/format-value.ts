import type { GateUnit } from "../../contract/gate-metrics.ts";

/** `12.3 ms`, `5 min`, `0.04 %`, `41,234`, `512 /s`. A share above zero never reads as zero. */
export function formatValue(value: number, unit: GateUnit): string {
  if (unit === "count") return value.toLocaleString("en-US");
  if (unit === "rate") return `${value.toLocaleString("en-US", { maximumFractionDigits: 0 })} /s`;
  if (unit === "time") return formatTime(value);
  const percent = value * 100;
  if (percent > 0 && percent < 0.01) return "< 0.01 %";
  return `${Number(percent.toFixed(percent < 1 ? 2 : 1))} %`;
}

function formatTime(ms: number): string {
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  if (ms < 10_000) return `${ms.toFixed(0)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(0)} s`;
  if (ms < 7_200_000) return `${(ms / 60_000).toFixed(0)} min`;
  if (ms < 48 * 3_600_000) return `${(ms / 3_600_000).toFixed(0)} h`;
  const days = ms / 86_400_000;
  return days < 365 ? `${days.toFixed(0)} d` : "a year or more";
}

/** A latency in ms as `12.3 ms`; `–` when nothing was measured. */
export function formatMs(ms: number): string {
  return Number.isFinite(ms) ? formatValue(ms, "time") : "–";
}
