import { setTimeout as sleepFor } from "node:timers/promises";
import { UserError } from "../contract/user-error.ts";
import { ApiError, type ClusterApi, leasePath } from "../host/cluster-api.ts";

/** Name of the Lease in the stack's namespace. */
export const leaseName = "breakwater-release";

/** Times of a Lease, and the clock that they are measured with. */
export interface LeaseTimes {
  /** Time without a renewal after which others may take it over. */
  durationMs: number;
  renewMs: number;
  pollMs: number;
  /** A clock that never goes back, in ms; only differences of it count. */
  monotonicMs(): number;
  sleep(ms: number): Promise<void>;
}

/** Times of releases. */
export const leaseTimes: LeaseTimes = {
  durationMs: 30_000,
  renewMs: 5_000,
  pollMs: 1_000,
  monotonicMs: () => performance.now(),
  sleep: (ms) => sleepFor(ms),
};

interface LeaseObject {
  metadata: { resourceVersion?: string };
  spec?: {
    holderIdentity?: string | null;
    leaseDurationSeconds?: number;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** What a Lease uses of the cluster. */
export type LeaseApi = Pick<ClusterApi, "getJson" | "create" | "patch">;

/**
 * The right to change a stack by a release: a Lease of coordination.k8s.io, so that two machines never do it at once. Whether the
 * holder is alive is judged by how long this process itself has seen the same version of the Lease. Clocks of two machines are
 * never compared.
 */
export class ReleaseLease {
  readonly #api: LeaseApi;
  readonly #path: string;
  readonly #holder: string;
  readonly #times: LeaseTimes;
  readonly #lost = new AbortController();
  #renewal: Promise<void> | undefined;
  #isReleased = false;

  private constructor(api: LeaseApi, path: string, holder: string, times: LeaseTimes) {
    this.#api = api;
    this.#path = path;
    this.#holder = holder;
    this.#times = times;
  }

  /** Aborted when the Lease was lost: another process may change the stack now. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Takes the Lease and renews it until `release`. Waits for a holder that seems dead.
   *
   * @param holder unique to this process
   * @param report gets what is waited for
   * @throws {UserError} when another process holds it and is alive.
   * @throws {ApiError}
   */
  static async acquire(
    api: LeaseApi,
    namespace: string,
    holder: string,
    report: (detail: string) => void = () => {},
    times: LeaseTimes = leaseTimes,
  ): Promise<ReleaseLease> {
    const path = leasePath(namespace, leaseName);
    const lease = new ReleaseLease(api, path, holder, times);
    let seen: { version: string | undefined; sinceMs: number; holder: string } | undefined;
    for (;;) {
      const found = await lease.#read();
      const other = found?.spec?.holderIdentity ?? "";
      if (found === undefined) {
        if (await lease.#create(namespace)) break;
      } else if (other === "") {
        if (await lease.#take(found)) break;
      } else {
        const nowMs = times.monotonicMs();
        const version = found.metadata.resourceVersion;
        if (seen !== undefined && seen.version !== version && seen.holder === other) throw heldBy(other);
        if (seen === undefined || seen.version !== version) seen = { version, sinceMs: nowMs, holder: other };
        const patienceMs = Math.max(1, found.spec?.leaseDurationSeconds ?? 0) * 1000;
        const leftMs = seen.sinceMs + patienceMs - nowMs;
        if (leftMs <= 0) {
          if (await lease.#take(found)) break;
          continue;
        }
        report(
          `${other} holds the release; if it does not renew its Lease, it is taken over in ${Math.ceil(leftMs / 1000)} s`,
        );
        await times.sleep(Math.min(times.pollMs, leftMs));
      }
    }
    lease.#renewal = lease.#keep();
    return lease;
  }

  /** Gives the Lease back, if it is still this process's own. */
  async release(): Promise<void> {
    this.#isReleased = true;
    await this.#renewal;
    const found = await this.#read().catch(() => undefined);
    if (found?.spec?.holderIdentity !== this.#holder) return;
    await this.#write(found, { holderIdentity: "" }).catch(() => false);
  }

  async #keep(): Promise<void> {
    let renewedMs = this.#times.monotonicMs();
    for (;;) {
      for (let waited = 0; waited < this.#times.renewMs && !this.#isReleased; waited += 250)
        await this.#times.sleep(250);
      if (this.#isReleased) return;
      const startedMs = this.#times.monotonicMs();
      const outcome = await this.#renew();
      if (outcome === "renewed") renewedMs = startedMs;
      const isOld = this.#times.monotonicMs() - renewedMs > this.#times.durationMs;
      if (outcome === "lost" || isOld) {
        this.#lost.abort();
        return;
      }
    }
  }

  async #renew(): Promise<"renewed" | "failed" | "lost"> {
    try {
      const found = await this.#read();
      if (found?.spec?.holderIdentity !== this.#holder) return "lost";
      return (await this.#write(found, { renewTime: microTime() })) ? "renewed" : "failed";
    } catch {
      return "failed";
    }
  }

  async #read(): Promise<LeaseObject | undefined> {
    try {
      return await this.#api.getJson<LeaseObject>(this.#path);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async #create(namespace: string): Promise<boolean> {
    return whenNotFirst(() =>
      this.#api.create(leasePath(namespace), {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: leaseName, namespace },
        spec: this.#held(0),
      }),
    );
  }

  async #take(found: LeaseObject): Promise<boolean> {
    return this.#write(found, this.#held((found.spec?.leaseTransitions ?? 0) + 1));
  }

  #held(leaseTransitions: number) {
    const now = microTime();
    return {
      holderIdentity: this.#holder,
      leaseDurationSeconds: Math.ceil(this.#times.durationMs / 1000),
      acquireTime: now,
      renewTime: now,
      leaseTransitions,
    };
  }

  /** @returns whether it was written; false when another process was first */
  async #write({ metadata }: LeaseObject, spec: object): Promise<boolean> {
    const { resourceVersion } = metadata;
    return whenNotFirst(() => this.#api.patch(this.#path, { metadata: { resourceVersion }, spec }));
  }
}

/** Who holds the Lease, alive or not; undefined: no one. */
export async function leaseHolder(
  api: Pick<LeaseApi, "getJson">,
  namespace: string,
): Promise<string | undefined> {
  try {
    const { spec } = await api.getJson<LeaseObject>(leasePath(namespace, leaseName));
    return spec?.holderIdentity || undefined;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

async function whenNotFirst(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return false;
    throw error;
  }
}

function heldBy(holder: string): UserError {
  return new UserError(
    `a release of this stack is running: ${holder}`,
    "wait for its end; npm run release -- --status shows its step",
  );
}

/** The time as a Lease has it. Only people read it. */
function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}
