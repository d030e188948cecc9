/** The memory monitor: docs/parts.md#memory of Breakwater. */

export { MemoryMonitor, type MemoryMonitorOptions, type MemoryReport } from "../runtime/memory/monitor.ts";
export { cpuQuota, memoryLimit } from "../runtime/process/container-limits.ts";
