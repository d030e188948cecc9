/**
 * First id of the load test's users. Ids of the load test are a range of their own, far above the ids that people and
 * other programs give, and within the 31 bits of PostgreSQL's `integer`.
 */
const firstId = 2_000_000_001;

/** A user's id. @param rank 1 … count of users; rank 1 is read most */
export function userId(rank: number): number {
  return firstId - 1 + rank;
}

/** A version that is greater than those of all earlier runs, as long as the clock is right. */
export function newestVersion(nowMs: number): number {
  return Math.round(nowMs * 1000);
}

/** The content of a user as the load test writes it. Every write has another version. */
export function userBody(id: number, version: number): string {
  return JSON.stringify({ name: "Breakwater load test", email: `v${version}.u${id}@loadtest.invalid` });
}

const writtenEmail = /"email":"v(\d{1,16})\.u(\d{1,16})@loadtest\.invalid"/;

/** The version in the API's response. @returns undefined when it is not the load test's content for this user */
export function versionIn(body: string, id: number): number | undefined {
  const [, version, writtenId] = writtenEmail.exec(body) ?? [];
  if (version === undefined || Number(writtenId) !== id) return undefined;
  // A bigint column may be a number or a string in JSON.
  const hasId = body.includes(`"id":${id},`) || body.includes(`"id":"${id}"`) || body.includes(`"id":${id}}`);
  return hasId ? Number(version) : undefined;
}

/**
 * How long a read may return the version before the acknowledged one. Copies in the API's processes are invalidated
 * within milliseconds; an older copy may be read until then (docs/api.md).
 */
export const staleGraceMs = 1000;

interface UserHistory {
  /** Newest version that was acknowledged longer ago than the grace. */
  floor: number;
  acknowledged: { version: number; atMs: number }[];
  writing: boolean;
  /** A write ended without an answer, so it may still take effect at any time: the floor stays. */
  isOpen: boolean;
}

/** The users that one thread writes, and those that it reads. */
export interface UserShare {
  /** Count of users: ranks 1 … users. */
  users: number;
  /** Every user was seeded with at least this version. */
  seededVersion: number;
  thread: number;
  threads: number;
}

/** A write whose outcome must be reported. */
export interface UserWrite {
  id: number;
  version: number;
  /** @param acknowledged whether the right response came */
  settle(acknowledged: boolean, nowMs: number): void;
}

/**
 * The versions of the users. Each user is written by one thread only, and by one request at a time, so that a read that
 * returns less than the acknowledged version shows a stale or lost update.
 */
export class UserVersions {
  readonly #share: UserShare;
  readonly #histories = new Map<number, UserHistory>();
  #next: number;

  constructor(share: UserShare, nowMs = Date.now()) {
    this.#share = share;
    this.#next = Math.max(newestVersion(nowMs), share.seededVersion + 1);
  }

  /** The lowest version that a read which starts now may return. */
  floor(id: number, nowMs: number): number {
    const history = this.#histories.get(id);
    if (!history) return this.#share.seededVersion;
    const { acknowledged } = history;
    while (acknowledged[0] && acknowledged[0].atMs <= nowMs - staleGraceMs) {
      history.floor = Math.max(history.floor, acknowledged.shift()?.version ?? 0);
    }
    return history.floor;
  }

  /** The next write of the user at `rank`, or of the next one that belongs to this thread and is not being written. */
  write(rank: number): UserWrite {
    const { users, thread, threads } = this.#share;
    const owned = Math.floor((users - 1 - thread) / threads) + 1;
    // With fewer users than threads, some threads own none and write those of others without a check.
    if (owned < 1) return this.#unchecked(rank);
    const first = Math.floor((rank - 1) / threads) % owned;
    for (let step = 0; step < owned; step++) {
      const id = userId(1 + thread + ((first + step) % owned) * threads);
      const history = this.#historyOf(id);
      if (!history.writing) return this.#checked(id, history);
    }
    return this.#unchecked(1 + thread + first * threads);
  }

  #checked(id: number, history: UserHistory): UserWrite {
    const version = this.#next++;
    history.writing = true;
    return {
      id,
      version,
      settle: (acknowledged, nowMs) => {
        history.writing = false;
        if (!acknowledged) history.isOpen = true;
        else if (!history.isOpen) history.acknowledged.push({ version, atMs: nowMs });
      },
    };
  }

  /** A second write of a user at the same time: which of both comes last is unknown. */
  #unchecked(rank: number): UserWrite {
    const id = userId(rank);
    this.#historyOf(id).isOpen = true;
    return { id, version: this.#next++, settle: () => {} };
  }

  #historyOf(id: number): UserHistory {
    const known = this.#histories.get(id);
    if (known) return known;
    const history = { floor: this.#share.seededVersion, acknowledged: [], writing: false, isOpen: false };
    this.#histories.set(id, history);
    return history;
  }
}
