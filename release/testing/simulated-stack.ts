import { parseOverlay, type ReleaseOverlay } from "../../contract/release-overlay.ts";
import type { DeployResult, GateResult } from "../next-step.ts";
import { type GateStep, newRelease, type Release, type Step, type Version } from "../record.ts";
import { RecordStore } from "../record-store.ts";
import type { ReleasePorts } from "../run-release.ts";
import { hasPassed } from "../versions.ts";
import { MemoryApi } from "./memory-api.ts";

/** How the new version, the old one or the machine behaves. */
export type Behaviour =
  | "good"
  | "slower"
  | "1 % of 500"
  | "500s under full load"
  | "crash under load"
  | "never ready"
  | "image missing"
  | "old fails too"
  | "invalid once"
  | "invalid at compare"
  | "invalid at full load"
  | "pulumi breaks"
  | "load test breaks";

/** Thrown in place of a killed process. */
export class Killed extends Error {}

/** Namespace of the simulated stack. */
export const namespace = "shop";
/** Images of both versions. */
export const images = { old: "registry/api:old", next: "registry/api:new" } as const;

interface Pool {
  image: string;
  replicas: number;
  isReady: boolean;
  /** How often its pods were replaced. */
  rollouts: number;
}

/** A stack, its gateway and its record, in process. It outlives killed commands. */
export class SimulatedStack {
  readonly api = new MemoryApi();
  readonly behaviour: Behaviour;
  stable: Pool = { image: images.old, replicas: 3, isReady: true, rollouts: 0 };
  canary: Pool | undefined;
  weights = { stable: 1, canary: 0 };
  /** Broken promises, such as a moment without any weight. */
  readonly violations: string[] = [];
  readonly measured: GateStep[] = [];
  readonly deployed: Step[] = [];
  /** Number of actions until the process is killed; undefined: it lives. */
  killAfter: number | undefined;
  actions = 0;
  #time = 0;

  constructor(behaviour: Behaviour) {
    this.behaviour = behaviour;
  }

  /** The image that most requests reach, and whether its pods work. */
  get serving(): string {
    const isCanary = this.weights.canary > this.weights.stable;
    return (isCanary ? this.canary : this.stable)?.image ?? "nothing";
  }

  now(): string {
    return new Date(this.#time++ * 1000).toISOString();
  }

  /** Ports of one command. */
  async ports(): Promise<{ ports: ReleasePorts; store: RecordStore; open: Release | undefined }> {
    const store = new RecordStore(this.api, namespace);
    const { open, ended } = await store.load();
    const ports: ReleasePorts = {
      save: async (release) => {
        this.#act();
        await store.save(release);
        this.#act();
      },
      deploy: (release) => this.#deploy(release),
      measure: (step, release) => this.#measure(step, release),
      describeNext: async ({ next, rendered }) => ({
        next: { ...next, digests: [`sha256:${next.image}`] },
        rendered,
      }),
      hasPassed: (next) => hasPassed(ended, next),
      now: () => this.now(),
      lost: new AbortController().signal,
    };
    return { ports, store, open };
  }

  release(options: Partial<Release> = {}): Release {
    const version = (image: string): Version => ({ image, digests: [], configHash: "same", podHash: "same" });
    const startedAt = this.now();
    return {
      ...newRelease({
        id: `r-${startedAt}`,
        stack: "shop",
        startedAt,
        startedBy: "ops@host",
        git: { commit: "abc", dirty: false },
        old: version(images.old),
        next: version(images.next),
        givenImage: null,
        kitImage: null,
        stableReplicas: 3,
        canaryReplicas: 1,
        canaryWeight: 10,
        onInvalid: "hold",
        load: { scenarios: [], duration: null, connections: null, repeats: 6 },
        notRolledBack: [],
        rendered: { old: {}, next: {} },
      }),
      ...options,
    };
  }

  /** What the Pulumi program does with the overlay in the cluster, part by part: it may be killed between two of them. */
  async #deploy(release: Release): Promise<DeployResult> {
    this.deployed.push(release.step);
    const overlay = await this.#overlay();
    if (overlay === undefined) throw new Error("a release deploys without an overlay");
    this.#act();
    if (this.behaviour === "pulumi breaks" && release.step === "promote")
      return { kind: "broken", reason: "the API server does not respond" };
    const { pools } = overlay;
    const wanted = overlay.image ?? images.next;
    if (pools === null) {
      if (this.stable.image !== wanted)
        this.stable = { ...this.stable, image: wanted, rollouts: this.stable.rollouts + 1 };
    } else if (pools.canaryReplicas > 0 && !(pools.keepsCanary && this.canary)) {
      const isBad = this.behaviour === "never ready" || this.behaviour === "image missing";
      const isNew = this.canary?.image !== wanted;
      const rollouts = (this.canary?.rollouts ?? 0) + (isNew ? 1 : 0);
      this.canary = { image: wanted, replicas: pools.canaryReplicas, isReady: !isBad, rollouts };
    }
    this.#act();
    if (this.canary && !this.canary.isReady && pools && pools.canaryReplicas > 0 && !pools.keepsCanary)
      return { kind: "not ready", reason: this.behaviour };
    this.#setWeights(pools?.stableWeight ?? 1, pools === null ? 0 : pools.canaryWeight);
    this.#act();
    if (pools === null || pools.canaryReplicas === 0) {
      if (this.weights.canary > 0) this.violations.push("the canary goes while it has traffic");
      this.canary = undefined;
    }
    this.#act();
    return { kind: "done" };
  }

  async #measure(step: GateStep, { next, attempt }: Release): Promise<GateResult> {
    this.#act();
    this.measured.push(step);
    const gate = (verdict: GateResult["verdict"], reason: string, oldFailsToo = false): GateResult => ({
      verdict,
      reason,
      oldFailsToo,
      summary: [],
    });
    this.#act();
    const { behaviour } = this;
    if (behaviour === "load test breaks" && step === "canary-gate") return gate("broken", "no generator");
    if (behaviour === "old fails too")
      return gate("gate failed", "error_rate", step !== "compare" || next.image !== images.old);
    if (behaviour === "invalid once" && step === "compare" && attempt === 1)
      return gate("invalid", "too slow");
    if (behaviour === "invalid at compare" && step === "compare") return gate("invalid", "too slow");
    if (behaviour === "invalid at full load" && step === "full-gate") return gate("invalid", "too slow");
    const failsAt: Partial<Record<Behaviour, GateStep>> = {
      slower: "compare",
      "1 % of 500": "canary-gate",
      "crash under load": "full-gate",
      "500s under full load": "full-gate",
    };
    return failsAt[behaviour] === step ? gate("gate failed", behaviour) : gate("pass", "good");
  }

  #setWeights(stable: number, canary: number): void {
    if (stable === 0 && (canary === 0 || !this.canary?.isReady)) this.violations.push("no pool has traffic");
    const isSmall = this.canary !== undefined && this.canary.replicas < this.stable.replicas;
    if (canary > stable && isSmall) this.violations.push("too few pods have most of the traffic");
    this.weights = { stable, canary };
  }

  async #overlay(): Promise<ReleaseOverlay | undefined> {
    const path = `/api/v1/namespaces/${namespace}/configmaps/breakwater-releases`;
    const { data } = await this.api.getJson<{ data: Record<string, string> }>(path);
    const text = data.overlay;
    if (text === undefined) return undefined;
    const overlay = parseOverlay(text);
    if (overlay === undefined) throw new Error(`not an overlay: ${text}`);
    return overlay;
  }

  #act(): void {
    this.actions++;
    if (this.killAfter !== undefined && this.killAfter-- <= 0) {
      this.killAfter = undefined;
      throw new Killed();
    }
  }
}
