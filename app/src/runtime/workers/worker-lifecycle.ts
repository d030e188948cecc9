/** Settings of a {@link WorkerLifecycle}. */
export interface WorkerPolicy {
  workers: number;
  restartDelayMs: number;
  /** A worker that exits sooner counts as failed to start. */
  minUptimeMs: number;
  /** Consecutive early exits allowed; one more ends the pod. */
  maxRestarts: number;
  /** Time limit from the start of a worker until it is ready. */
  listenTimeoutMs: number;
  /** Time from the request to leave until SIGKILL. */
  killTimeoutMs: number;
  /** Resident memory at which a worker is replaced. */
  ceilingBytes: number;
  /** Consecutive heartbeat checks without a heartbeat after which a worker is killed. */
  maxMissedHeartbeats: number;
}

/** An action for the supervisor. A replacement has the `workerIndex` of the worker that it replaces. */
export type WorkerAction =
  | { action: "start" | "leave" | "kill"; id: number; workerIndex: number; reason: string }
  /** The last action: no process is left. */
  | { action: "end"; code: 0 | 1; reason: string };

/** A process of a worker. */
export interface WorkerProcess {
  readonly id: number;
  readonly workerIndex: number;
  state: "starting" | "ready" | "leaving" | "killed";
  readonly startedAt: number;
  /** Time limit of the states "starting" and "leaving". */
  dueAt: number;
  wasReady: boolean;
  /** The process has reached the minimum uptime. */
  isSettled: boolean;
  wasAskedToLeave: boolean;
  killReason: string | undefined;
  /** Heartbeat checks since the last heartbeat. */
  missedHeartbeats: number;
}

/** The place of one worker, which its successive processes fill. */
interface Slot {
  readonly workerIndex: number;
  /** Consecutive early exits. */
  earlyExits: number;
  restartAt: number | undefined;
  /** No replacement is started earlier. */
  replaceNotBefore: number;
}

/**
 * The lifecycle of a pod's workers, as a pure state machine: each method takes an event and its time (milliseconds of any
 * clock) and returns the actions. A worker that exits is restarted after a delay. A worker at its memory ceiling is asked
 * to leave when its replacement is ready. So there is never more than one extra process, and the lifecycle itself never
 * takes more than one worker out of service.
 */
export class WorkerLifecycle {
  readonly #policy: WorkerPolicy;
  readonly #slots: Slot[];
  readonly #processes = new Map<number, WorkerProcess>();
  #lastId = 0;
  /** Set when the pod starts to shut down. */
  #ending: { reason: string; hasFailed: boolean; code: 0 | 1; isDone: boolean } | undefined;

  constructor(policy: WorkerPolicy) {
    this.#policy = policy;
    this.#slots = Array.from({ length: policy.workers }, (_, index) => ({
      workerIndex: index + 1,
      earlyExits: 0,
      restartAt: undefined,
      replaceNotBefore: 0,
    }));
  }

  get processes(): readonly Readonly<WorkerProcess>[] {
    return [...this.#processes.values()];
  }

  /** The pod is shutting down and starts no more workers. */
  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  /** The pod is shutting down because its workers keep failing. */
  get hasFailed(): boolean {
    return this.#ending?.hasFailed ?? false;
  }

  /** When `tick` has to be called next; undefined if no time limit is running. */
  get dueAt(): number | undefined {
    const { minUptimeMs } = this.#policy;
    const times = this.#slots.flatMap(({ restartAt }) => restartAt ?? []);
    for (const { state, dueAt, isSettled, startedAt } of this.#processes.values()) {
      if (state === "starting" || state === "leaving") times.push(dueAt);
      if (state === "ready" && !isSettled) times.push(startedAt + minUptimeMs);
    }
    return times.length === 0 ? undefined : Math.min(...times);
  }

  start(now: number): WorkerAction[] {
    return this.#slots.map((slot) => this.#start(slot, now, "the pod starts"));
  }

  /** Event: a worker listens. */
  ready(id: number, now: number): WorkerAction[] {
    const process = this.#processes.get(id);
    if (process?.state !== "starting") return [];
    process.state = "ready";
    process.wasReady = true;
    process.missedHeartbeats = 0;
    const old = this.#inSlot(process.workerIndex).find((other) => other.id !== id && other.state === "ready");
    return old ? [this.#leave(old, now, "it reached its memory ceiling, and its replacement is ready")] : [];
  }

  /** Event: a worker sent a heartbeat with its resident memory. */
  heartbeat(id: number, rssBytes: number, now: number): WorkerAction[] {
    const process = this.#processes.get(id);
    if (!process) return [];
    process.missedHeartbeats = 0;
    const slot = this.#slot(process.workerIndex);
    const mayReplace =
      process.state === "ready" &&
      process.isSettled &&
      this.#ending === undefined &&
      now >= slot.replaceNotBefore &&
      // Pending restarts count as processes, so that there is at most one extra.
      this.#processes.size + this.#restarts <= this.#policy.workers;
    if (!mayReplace || rssBytes < this.#policy.ceilingBytes) return [];
    const reason = `worker ${process.workerIndex} has ${mib(rssBytes)} of at most ${mib(this.#policy.ceilingBytes)} MiB`;
    return [this.#start(slot, now, reason)];
  }

  /** Event: a process exited, for any reason. */
  exited(id: number, cause: string, isClean: boolean, now: number): WorkerAction[] {
    const process = this.#processes.get(id);
    if (!process) return [];
    this.#processes.delete(id);
    if (this.#ending) {
      if (process.wasAskedToLeave && !isClean) this.#ending.code = 1;
      return this.#endIfEmpty();
    }
    if (process.wasAskedToLeave) return [];
    const slot = this.#slot(process.workerIndex);
    const wasUp = process.wasReady && now - process.startedAt >= this.#policy.minUptimeMs;
    slot.earlyExits = wasUp ? 0 : slot.earlyExits + 1;
    if (slot.earlyExits > this.#policy.maxRestarts) {
      const times = slot.earlyExits === 1 ? "" : `, ${slot.earlyExits} times in a row`;
      const reason = `worker ${slot.workerIndex} ended too soon${times}: ${process.killReason ?? cause}`;
      return this.#end(reason, true, now);
    }
    const restartAt = now + this.#policy.restartDelayMs;
    const hasOther = this.#inSlot(slot.workerIndex).some(({ wasAskedToLeave }) => !wasAskedToLeave);
    if (hasOther) slot.replaceNotBefore = restartAt;
    else slot.restartAt = restartAt;
    return [];
  }

  /** Event: the pod has to shut down. */
  shutDown(reason: string, now: number): WorkerAction[] {
    return this.#ending ? [] : this.#end(reason, false, now);
  }

  /** Applies the time limits. Call it at `dueAt` or more often. */
  tick(now: number): WorkerAction[] {
    const { minUptimeMs, listenTimeoutMs, killTimeoutMs } = this.#policy;
    const actions: WorkerAction[] = [];
    for (const process of this.#processes.values()) {
      if (process.state === "ready" && !process.isSettled && now >= process.startedAt + minUptimeMs) {
        process.isSettled = true;
        this.#slot(process.workerIndex).earlyExits = 0;
      }
      if (now < process.dueAt) continue;
      if (process.state === "starting")
        actions.push(this.#kill(process, `it was not ready within ${listenTimeoutMs} ms`));
      if (process.state === "leaving")
        actions.push(this.#kill(process, `it did not leave within ${killTimeoutMs} ms`));
    }
    if (this.#ending) return actions;
    for (const slot of this.#slots) {
      if (slot.restartAt === undefined || now < slot.restartAt) continue;
      slot.restartAt = undefined;
      actions.push(this.#start(slot, now, "it ended"));
    }
    return actions;
  }

  /**
   * Counts missed heartbeats; call it at equal intervals. Counting calls instead of time is safe when the whole pod is
   * paused: after the pause, every heartbeat is late, and no worker is at fault.
   */
  checkHeartbeats(): WorkerAction[] {
    const actions: WorkerAction[] = [];
    for (const process of this.#processes.values()) {
      if (process.state !== "ready" || this.#ending) continue;
      process.missedHeartbeats++;
      const othersReady = this.#slots.every(
        ({ workerIndex }) =>
          workerIndex === process.workerIndex ||
          this.#inSlot(workerIndex).some(({ state }) => state === "ready"),
      );
      if (process.missedHeartbeats >= this.#policy.maxMissedHeartbeats && othersReady)
        actions.push(this.#kill(process, `it missed ${process.missedHeartbeats} heartbeats`));
    }
    return actions;
  }

  #end(reason: string, hasFailed: boolean, now: number): WorkerAction[] {
    this.#ending = { reason, hasFailed, code: hasFailed ? 1 : 0, isDone: false };
    for (const slot of this.#slots) slot.restartAt = undefined;
    const actions = [...this.#processes.values()].flatMap((process) => {
      if (process.state === "ready") return [this.#leave(process, now, reason)];
      // A starting process has no requests yet.
      return process.state === "starting" ? [this.#kill(process, reason)] : [];
    });
    return [...actions, ...this.#endIfEmpty()];
  }

  #endIfEmpty(): WorkerAction[] {
    if (!this.#ending || this.#ending.isDone || this.#processes.size > 0) return [];
    this.#ending.isDone = true;
    return [{ action: "end", code: this.#ending.code, reason: this.#ending.reason }];
  }

  #start({ workerIndex }: Slot, now: number, reason: string): WorkerAction {
    const id = ++this.#lastId;
    this.#processes.set(id, {
      id,
      workerIndex,
      state: "starting",
      startedAt: now,
      dueAt: now + this.#policy.listenTimeoutMs,
      wasReady: false,
      isSettled: false,
      wasAskedToLeave: false,
      killReason: undefined,
      missedHeartbeats: 0,
    });
    return { action: "start", id, workerIndex, reason };
  }

  #leave(process: WorkerProcess, now: number, reason: string): WorkerAction {
    process.state = "leaving";
    process.wasAskedToLeave = true;
    process.dueAt = now + this.#policy.killTimeoutMs;
    return { action: "leave", id: process.id, workerIndex: process.workerIndex, reason };
  }

  #kill(process: WorkerProcess, reason: string): WorkerAction {
    process.state = "killed";
    process.killReason = reason;
    return { action: "kill", id: process.id, workerIndex: process.workerIndex, reason };
  }

  /** Number of slots that wait for a restart. */
  get #restarts(): number {
    return this.#slots.filter(({ restartAt }) => restartAt !== undefined).length;
  }

  #slot(workerIndex: number): Slot {
    const slot = this.#slots[workerIndex - 1];
    if (!slot) throw new Error(`there is no slot ${workerIndex}`);
    return slot;
  }

  #inSlot(workerIndex: number): WorkerProcess[] {
    return [...this.#processes.values()].filter((process) => process.workerIndex === workerIndex);
  }
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 ** 2);
}
