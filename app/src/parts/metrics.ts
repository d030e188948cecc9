/** Metrics for Prometheus: docs/parts.md#metrics of Breakwater. */

export { Metrics, mergeMetrics, metricsContentType } from "../runtime/metrics/metrics.ts";
export type { RouteStats } from "../runtime/metrics/route-stats.ts";
