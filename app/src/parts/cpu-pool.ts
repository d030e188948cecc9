/** Worker threads behind a bounded queue: docs/parts.md#cpu-pool of Breakwater. */

export type { CpuPoolConfig } from "../config/config.ts";
export { CpuPool, TaskRefused, type Threads, workerThreads } from "../runtime/cpu-pool/cpu-pool.ts";
