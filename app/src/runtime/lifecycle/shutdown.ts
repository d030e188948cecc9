import { setTimeout as sleep } from "node:timers/promises";

export interface ShutdownParts {
  health: { drain(): void };
  /** From now on every answer takes its connection along, so that no idle one is left to be cut. */
  closeConnectionsWithAnswers(): void;
  /** Stops listening and resolves when every request in flight was answered. */
  closeServer(): Promise<void>;
  /** Cuts the connections that are left. */
  cutConnections(): void;
  /** Closes what requests needed, after the last one. */
  closeRest(): Promise<void>;
  log: { info(facts: object, message: string): void; error(facts: object, message: string): void };
  /** From not ready to not listening: the time in which the cluster and Nginx look elsewhere. */
  delayMs: number;
  /** Longest wait for requests in flight. */
  timeoutMs: number;
}

const closeRestMs = 2_000;

/** Leaves without losing a request. Gives the exit code: 1 when requests had to be cut. */
export async function shutDown(parts: ShutdownParts, reason: string): Promise<0 | 1> {
  const { log, delayMs, timeoutMs } = parts;
  const startedAt = Date.now();
  log.info({ reason, delayMs, timeoutMs }, "shutting down: not ready from now on");
  parts.health.drain();
  parts.closeConnectionsWithAnswers();
  await sleep(delayMs);
  const drained = await within(parts.closeServer(), timeoutMs);
  if (!drained) {
    log.error({ timeoutMs }, "requests in flight did not end in time and are cut");
    parts.cutConnections();
  }
  await within(parts.closeRest(), closeRestMs);
  log.info({ tookMs: Date.now() - startedAt }, "shut down");
  return drained ? 0 : 1;
}

/** Whether `work` ended in time, well or not. */
async function within(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const timer = new AbortController();
  const ended = work.then(
    () => true,
    () => true,
  );
  const overdue = sleep(timeoutMs, false, { signal: timer.signal }).catch(() => false);
  try {
    return await Promise.race([ended, overdue]);
  } finally {
    timer.abort();
  }
}
