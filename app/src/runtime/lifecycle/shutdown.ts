import { setTimeout as sleep } from "node:timers/promises";

/** Parts and times of a shutdown. */
export interface ShutdownParts {
  health: { drain(): void };
  /** From now on every response closes its connection, so that no idle connection remains. */
  closeConnectionsWithResponses(): void;
  /** Stops listening and resolves when every request in flight has its response. */
  closeServer(): Promise<void>;
  /** Cuts the remaining connections. */
  cutConnections(): void;
  /** Closes everything that requests use, after the last request. */
  closeRest(): Promise<void>;
  log: { info(facts: object, message: string): void; error(facts: object, message: string): void };
  /** Time between not ready and not listening, in which Kubernetes and Nginx stop sending requests to the pod. */
  delayMs: number;
  /** Time limit for requests in flight. */
  timeoutMs: number;
}

/** Time limit for closing everything that requests use, after the last request. */
export const closeRestMs = 2_000;

/**
 * Shuts down without losing a request.
 *
 * @returns the exit code: 1 if requests had to be cut
 */
export async function shutDown(parts: ShutdownParts, reason: string): Promise<0 | 1> {
  const { log, delayMs, timeoutMs } = parts;
  const startedAt = Date.now();
  log.info({ reason, delayMs, timeoutMs }, "shutting down: not ready from now on");
  parts.health.drain();
  parts.closeConnectionsWithResponses();
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

/** Whether `work` settled in time. */
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
