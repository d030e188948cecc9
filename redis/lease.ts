import type { Kubernetes, KubernetesObject } from "./kubernetes.ts";
import { reasonOf } from "./observe.ts";

/** The part of a Lease that is used here. */
interface LeaseObject extends KubernetesObject {
  spec?: LeaseSpec;
}

interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
}

/** Settings of a lease. */
export interface LeaseOptions {
  kubernetes: Pick<Kubernetes, "get" | "write">;
  namespace: string;
  name: string;
  /** Name of this process: of its pod. */
  holder: string;
  /** Monotonic clock in ms. Default: that of the process. */
  clock?: () => number;
}

/** Time without a renewal after which others may take a lease. */
const durationMs = 8_000;
/** Time after a renewal for which the holder itself believes in it; less, because the others' clocks differ. */
const trustMs = 5_000;

/**
 * A lease that one process holds at a time. Times of other processes are never compared with the clock of this machine: a lease
 * has expired when this process has seen no renewal for its duration.
 *
 * @see https://kubernetes.io/docs/concepts/architecture/leases/
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #path: string;
  readonly #clock: () => number;
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #seen = { version: "", atMs: 0 };
  #obstacle = "the lease";

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases/${options.name}`;
    this.#clock = options.clock ?? (() => performance.now());
  }

  /** Whether this process holds the lease for certain. */
  get isHeld(): boolean {
    return this.#clock() < this.#heldUntilMs;
  }

  /** Why this process does not hold the lease. */
  get obstacle(): string {
    return this.#obstacle;
  }

  /** Renews the lease, or takes it if it is free. Does nothing when the API server does not respond. */
  async renew(): Promise<void> {
    const startedMs = this.#clock();
    try {
      const lease = await this.#options.kubernetes.get<LeaseObject>(this.#path);
      const { holderIdentity = "", renewTime = "" } = lease?.spec ?? {};
      if (!this.#isFree(lease)) {
        this.#heldUntilMs = Number.NEGATIVE_INFINITY;
        this.#obstacle = `${holderIdentity} to end or to be silent for ${durationMs / 1000} s (since ${renewTime})`;
        return;
      }
      if (await this.#write(lease, this.#options.holder)) this.#heldUntilMs = startedMs + trustMs;
      else this.#obstacle = "the lease, which another process has taken";
    } catch (error) {
      this.#obstacle = `the lease (${reasonOf(error)})`;
    }
  }

  /** Gives the lease back, so that another process can take it at once. */
  async release(): Promise<void> {
    if (!this.isHeld) return;
    this.#heldUntilMs = Number.NEGATIVE_INFINITY;
    const lease = await this.#options.kubernetes.get<LeaseObject>(this.#path);
    if (lease?.spec?.holderIdentity === this.#options.holder) await this.#write(lease, "");
  }

  #isFree(lease: LeaseObject | undefined): boolean {
    const holder = lease?.spec?.holderIdentity ?? "";
    const version = lease?.metadata.resourceVersion ?? "";
    const nowMs = this.#clock();
    if (version !== this.#seen.version) this.#seen = { version, atMs: nowMs };
    return holder === "" || holder === this.#options.holder || nowMs - this.#seen.atMs > durationMs;
  }

  #write(lease: LeaseObject | undefined, holder: string): Promise<boolean> {
    const { kubernetes, namespace, name } = this.#options;
    // Kubernetes wants microseconds.
    const now = new Date().toISOString().replace("Z", "000Z");
    const isNew = lease?.spec?.holderIdentity !== holder;
    const spec: LeaseSpec = {
      ...lease?.spec,
      holderIdentity: holder,
      leaseDurationSeconds: durationMs / 1000,
      renewTime: now,
      ...(isNew && { acquireTime: now, leaseTransitions: (lease?.spec?.leaseTransitions ?? 0) + 1 }),
    };
    const empty = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { namespace, name } };
    return kubernetes.write(this.#path, { ...(lease ?? empty), spec } as LeaseObject);
  }
}
