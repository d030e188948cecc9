import { apiBase } from "../../contract/api-prefix.ts";
import { UserError } from "../../contract/user-error.ts";
import { judgeRatio, pairedRatio } from "../../measure/bootstrap.ts";
import { interleave } from "../../measure/interleave.ts";
import type { ReachedStack } from "../cluster-search.ts";
import type { Scenario } from "../load/scenarios.ts";
import type { ComparedRow } from "../report/schema/comparison.ts";
import type { LoadResult, StackStats } from "../report/schema/scenario.ts";
import type { KeptValues } from "./baseline.ts";
import {
  type ComparedMetric,
  comparedConfidence,
  comparedMetrics,
  keptValues,
  type MetricRule,
} from "./compare-runs.ts";
import type { ImagePool } from "./image-pools.ts";
import type { RepeatedTurns, Turn, TurnsResult } from "./repeated-run.ts";

/** The kept values of one turn. */
interface ImageRepeat extends KeptValues {
  /** CPU time of the pod per request, up to a constant factor; null when its metrics cannot be read. */
  cpuPerRequest: number | null;
}

const cpuMetric: MetricRule<ImageRepeat> = {
  read: ({ cpuPerRequest }) => cpuPerRequest ?? Number.NaN,
  better: "lower",
  band: 0.03,
};

/**
 * Two images of the API side by side in one run. One pod of each is loaded in alternating turns, A B, B A, …, so that
 * drift of the machine cancels in each pair. This needs no baseline and no calibration.
 */
export class ImageComparison implements RepeatedTurns {
  readonly withoutEnd = "the images were not compared";
  readonly needsAllGates = false;
  readonly #pools: readonly [ImagePool, ImagePool];
  readonly #outputs: ReachedStack;
  readonly #rounds: number;
  readonly #repeats = new Map<string, { a: ImageRepeat[]; b: ImageRepeat[] }>();

  /**
   * @param pools the deployed pods of both images
   * @param outputs outputs of the stack that the pods are deployed beside
   * @param rounds turns of each scenario and image, an even number from 6
   */
  constructor(pools: readonly [ImagePool, ImagePool], outputs: ReachedStack, rounds: number) {
    this.#pools = pools;
    this.#outputs = outputs;
    this.#rounds = rounds;
  }

  /** Outputs of a stack that consists of these two pods. */
  get observed(): ReachedStack {
    return this.#outputsOf(...this.#pools);
  }

  turns(scenarios: readonly Scenario[]): Turn[] {
    return scenarios.flatMap((scenario) =>
      interleave(this.#pools, this.#rounds).map(({ variant }) => ({
        scenario: { ...scenario, name: nameOf(scenario.name, variant) },
        target: { endpoint: variant.endpoint, removedBase: apiBase(this.#outputs.loadtest.apiPrefix) },
        observed: this.#outputsOf(variant),
      })),
    );
  }

  async beforeTurn(): Promise<void> {}

  add(load: LoadResult, stack: StackStats | null): void {
    const [, scenario = "", letter] = /^(.*) \((A|B)\)$/.exec(load.scenario) ?? [];
    const repeats = this.#repeats.get(scenario) ?? { a: [], b: [] };
    this.#repeats.set(scenario, repeats);
    // All turns of a scenario have the same length, so the rate is proportional to the count of requests.
    const cpuSeconds = stack?.cpuSeconds;
    repeats[letter === "A" ? "a" : "b"].push({
      ...keptValues(load),
      cpuPerRequest: cpuSeconds && load.requestsPerSecond > 0 ? cpuSeconds / load.requestsPerSecond : null,
    });
  }

  /** @throws {UserError} when a turn had no good response. */
  async end(): Promise<TurnsResult> {
    const [a, b] = this.#pools;
    const rows = [...this.#repeats].flatMap(([scenario, repeats]) => {
      const latencies = (Object.keys(comparedMetrics) as ComparedMetric[]).map((metric) =>
        comparedRow(scenario, metric, repeats, comparedMetrics[metric]),
      );
      const hasCpu = [...repeats.a, ...repeats.b].every(({ cpuPerRequest }) => cpuPerRequest !== null);
      return hasCpu
        ? [...latencies, comparedRow(scenario, "CPU per request", repeats, cpuMetric)]
        : latencies;
    });
    const before = { apiImage: a.image, savedAt: null };
    return { comparison: { before, after: { apiImage: b.image }, rows, notCompared: [] } };
  }

  #outputsOf(...pools: ImagePool[]): ReachedStack {
    return { ...this.#outputs, workloads: pools.map(({ workload }) => workload) };
  }
}

function nameOf(scenario: string, { letter }: ImagePool): string {
  return `${scenario} (${letter})`;
}

function comparedRow(
  scenario: string,
  metric: ComparedRow["metric"],
  { a, b }: { a: ImageRepeat[]; b: ImageRepeat[] },
  { read, better, band }: MetricRule<ImageRepeat>,
): ComparedRow {
  const pairs = a.map((repeat, index) => [read(repeat), read(b[index] ?? repeat)] as const);
  if (pairs.some((pair) => pair.some((value) => !(value > 0))))
    throw new UserError(
      `the images cannot be compared: a turn of ${scenario} had no good response`,
      "look at the errors in the report",
    );
  const ratio = pairedRatio(pairs, { confidence: comparedConfidence });
  return { scenario, metric, ...ratio, verdict: judgeRatio(ratio, band, better) };
}
