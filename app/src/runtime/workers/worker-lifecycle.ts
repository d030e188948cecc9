export interface FleetPolicy {
  workers: number;
  restartDelayMs: number;
  /** A worker that ends sooner counts as one that cannot start. */
  minUptimeMs: number;
  /** Restarts of such workers in a row; the next end is the pod's. */
  maxRestarts: number;
  /** From the start of a worker to its being ready. */
  listenTimeoutMs: number;
  /** From being told to leave to being killed. */
  killTimeoutMs: number;
  /** Resident memory at which a worker is replaced. */
  ceilingBytes: number;
  /** Beats without a word from a worker after which it is killed. */
  silentBeats: number;
}

/** What is to be done with a process; `number` is the worker's place, which its replacement takes over. */
export type FleetAction =
  | { do: "start"; id: number; number: number; why: string }
  | { do: "leave" | "kill"; id: number; number: number; why: string }
  /** The last one: no process is left. */
  | { do: "end"; code: 0 | 1; why: string };

export interface Member {
  readonly id: number;
  readonly number: number;
  state: "starting" | "ready" | "leaving" | "killed";
  readonly startedAt: number;
  /** When it is to be ready, or gone. */
  dueAt: number;
  wasReady: boolean;
  /** It was up for the least time. */
  isSettled: boolean;
  wasToldToLeave: boolean;
  /** Why it was killed. */
  killedFor: string | undefined;
  /** Beats since it was last heard. */
  silent: number;
}

interface Place {
  readonly number: number;
  /** Ends in a row that came too soon. */
  crashes: number;
  restartAt: number | undefined;
  /** No replacement is tried before. */
  patientUntil: number;
}

/**
 * What becomes of the workers of a pod: a pure state machine, told what happened and when (milliseconds of any clock),
 * answering what to do. A worker that ended is restarted after a delay; one at its memory ceiling is told to leave when
 * its replacement is ready. So there are never more than one process too many, nor, by its own doing, fewer than all
 * workers but one ready.
 */
export class Fleet {
  readonly #policy: FleetPolicy;
  readonly #places: Place[];
  readonly #members = new Map<number, Member>();
  #lastId = 0;
  /** Set from when the pod leaves. */
  #ending: { why: string; hasFailed: boolean; code: 0 | 1; isDone: boolean } | undefined;

  constructor(policy: FleetPolicy) {
    this.#policy = policy;
    this.#places = Array.from({ length: policy.workers }, (_, index) => ({
      ...{ number: index + 1, crashes: 0, restartAt: undefined, patientUntil: 0 },
    }));
  }

  get members(): readonly Readonly<Member>[] {
    return [...this.#members.values()];
  }

  /** The pod leaves, and starts no worker any more. */
  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  /** It does so because its workers cannot be kept up. */
  get hasFailed(): boolean {
    return this.#ending?.hasFailed ?? false;
  }

  /** When `tick` is wanted next; none when nothing is waited for. */
  get dueAt(): number | undefined {
    const { minUptimeMs } = this.#policy;
    const times = this.#places.flatMap(({ restartAt }) => restartAt ?? []);
    for (const { state, dueAt, isSettled, startedAt } of this.#members.values()) {
      if (state === "starting" || state === "leaving") times.push(dueAt);
      if (state === "ready" && !isSettled) times.push(startedAt + minUptimeMs);
    }
    return times.length === 0 ? undefined : Math.min(...times);
  }

  start(now: number): FleetAction[] {
    return this.#places.map((place) => this.#spawn(place, now, "the pod starts"));
  }

  /** A worker listens. */
  ready(id: number, now: number): FleetAction[] {
    const member = this.#members.get(id);
    if (member?.state !== "starting") return [];
    member.state = "ready";
    member.wasReady = true;
    member.silent = 0;
    const old = this.#inPlace(member.number).find((each) => each.id !== id && each.state === "ready");
    return old ? [this.#leave(old, now, "it reached its memory ceiling, and its replacement is ready")] : [];
  }

  /** A worker told its resident memory. */
  heard(id: number, rssBytes: number, now: number): FleetAction[] {
    const member = this.#members.get(id);
    if (!member) return [];
    member.silent = 0;
    const place = this.#place(member.number);
    const mayReplace =
      member.state === "ready" &&
      member.isSettled &&
      this.#ending === undefined &&
      now >= place.patientUntil &&
      // One at a time, with those that come back: else both would be one process too many.
      this.#members.size + this.#restarts <= this.#policy.workers;
    if (!mayReplace || rssBytes < this.#policy.ceilingBytes) return [];
    const why = `worker ${member.number} has ${mib(rssBytes)} of at most ${mib(this.#policy.ceilingBytes)} MiB`;
    return [this.#spawn(place, now, why)];
  }

  /** A process is gone, for whatever reason. */
  exited(id: number, how: string, isClean: boolean, now: number): FleetAction[] {
    const member = this.#members.get(id);
    if (!member) return [];
    this.#members.delete(id);
    if (this.#ending) {
      if (member.wasToldToLeave && !isClean) this.#ending.code = 1;
      return this.#endWhenEmpty();
    }
    if (member.wasToldToLeave) return [];
    const place = this.#place(member.number);
    const wasUp = member.wasReady && now - member.startedAt >= this.#policy.minUptimeMs;
    place.crashes = wasUp ? 0 : place.crashes + 1;
    if (place.crashes > this.#policy.maxRestarts) {
      const times = place.crashes === 1 ? "" : `, ${place.crashes} times in a row`;
      return this.#end(
        `worker ${place.number} ended too soon${times}: ${member.killedFor ?? how}`,
        true,
        now,
      );
    }
    const again = now + this.#policy.restartDelayMs;
    if (this.#inPlace(place.number).some(({ wasToldToLeave }) => !wasToldToLeave)) place.patientUntil = again;
    else place.restartAt = again;
    return [];
  }

  /** The pod is to leave. */
  shutDown(why: string, now: number): FleetAction[] {
    return this.#ending ? [] : this.#end(why, false, now);
  }

  /** Time passed: as `dueAt` says, or more often. */
  tick(now: number): FleetAction[] {
    const { minUptimeMs, listenTimeoutMs, killTimeoutMs } = this.#policy;
    const actions: FleetAction[] = [];
    for (const member of this.#members.values()) {
      if (member.state === "ready" && !member.isSettled && now >= member.startedAt + minUptimeMs) {
        member.isSettled = true;
        this.#place(member.number).crashes = 0;
      }
      if (now < member.dueAt) continue;
      if (member.state === "starting")
        actions.push(this.#kill(member, `it was not ready within ${listenTimeoutMs} ms`));
      if (member.state === "leaving")
        actions.push(this.#kill(member, `it did not leave within ${killTimeoutMs} ms`));
    }
    if (this.#ending) return actions;
    for (const place of this.#places) {
      if (place.restartAt === undefined || now < place.restartAt) continue;
      place.restartAt = undefined;
      actions.push(this.#spawn(place, now, "it ended"));
    }
    return actions;
  }

  /**
   * To be called in even steps. Counts who kept silent, rather than measuring how long: after a pause of the whole pod
   * all have been silent for long, and none is to blame.
   */
  beat(): FleetAction[] {
    const actions: FleetAction[] = [];
    for (const member of this.#members.values()) {
      if (member.state !== "ready" || this.#ending) continue;
      member.silent++;
      const othersReady = this.#places.every(
        ({ number }) =>
          number === member.number || this.#inPlace(number).some(({ state }) => state === "ready"),
      );
      if (member.silent >= this.#policy.silentBeats && othersReady)
        actions.push(this.#kill(member, `nothing was heard from it for ${member.silent} beats`));
    }
    return actions;
  }

  #end(why: string, hasFailed: boolean, now: number): FleetAction[] {
    this.#ending = { why, hasFailed, code: hasFailed ? 1 : 0, isDone: false };
    for (const place of this.#places) place.restartAt = undefined;
    const actions = [...this.#members.values()].flatMap((member) => {
      if (member.state === "ready") return [this.#leave(member, now, why)];
      // It has no requests yet.
      return member.state === "starting" ? [this.#kill(member, why)] : [];
    });
    return [...actions, ...this.#endWhenEmpty()];
  }

  #endWhenEmpty(): FleetAction[] {
    if (!this.#ending || this.#ending.isDone || this.#members.size > 0) return [];
    this.#ending.isDone = true;
    return [{ do: "end", code: this.#ending.code, why: this.#ending.why }];
  }

  #spawn({ number }: Place, now: number, why: string): FleetAction {
    const id = ++this.#lastId;
    this.#members.set(id, {
      ...{ id, number, state: "starting", startedAt: now, dueAt: now + this.#policy.listenTimeoutMs },
      ...{ wasReady: false, isSettled: false, wasToldToLeave: false, killedFor: undefined, silent: 0 },
    });
    return { do: "start", id, number, why };
  }

  #leave(member: Member, now: number, why: string): FleetAction {
    member.state = "leaving";
    member.wasToldToLeave = true;
    member.dueAt = now + this.#policy.killTimeoutMs;
    return { do: "leave", id: member.id, number: member.number, why };
  }

  #kill(member: Member, why: string): FleetAction {
    member.state = "killed";
    member.killedFor = why;
    return { do: "kill", id: member.id, number: member.number, why };
  }

  /** Places that wait for their worker to come back. */
  get #restarts(): number {
    return this.#places.filter(({ restartAt }) => restartAt !== undefined).length;
  }

  #place(number: number): Place {
    const place = this.#places[number - 1];
    if (!place) throw new Error(`there is no place ${number}`);
    return place;
  }

  #inPlace(number: number): Member[] {
    return [...this.#members.values()].filter((member) => member.number === number);
  }
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 ** 2);
}
