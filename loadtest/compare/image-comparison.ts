import type { StackOutputs } from "../../contract/outputs.ts";
import { UserError } from "../../contract/user-error.ts";
import { judgeRatio, pairedRatio } from "../../measure/bootstrap.ts";
import { interleave } from "../../measure/interleave.ts";
import type { LoadResult } from "../load/load-result.ts";
import type { Scenario } from "../load/scenarios.ts";
import type { StackFigures } from "../observe/stack-counters.ts";
import { type ComparedRow, comparedConfidence, comparedMetrics } from "./compare-runs.ts";
import { type ImagePool, ImagePools } from "./image-pools.ts";
import type { RepeatedTurns, RunComparison, Turn } from "./repeated-run.ts";

/** What is kept of one turn: the figures of a repeat, and the pod's CPU time for a request, but for a factor, if it tells. */
interface ImageRepeat {
  throughput: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  cpuPerRequest: number | null;
}

/** Less CPU for a request than this share is of no matter. */
const cpuBand = 0.03;

/**
 * Two images of the API side by side in one run: a pod of each is loaded by itself in turns that lie next to each other,
 * A B, B A, …, so that drift of the machine cancels in each pair; no baseline and no calibration is needed.
 */
export class ImageComparison implements RepeatedTurns {
  readonly #pools: ImagePools;
  readonly #outputs: StackOutputs;
  readonly #rounds: number;
  readonly #repeats = new Map<string, { a: ImageRepeat[]; b: ImageRepeat[] }>();

  private constructor(pools: ImagePools, outputs: StackOutputs, rounds: number) {
    this.#pools = pools;
    this.#outputs = outputs;
    this.#rounds = rounds;
  }

  /** Deploys a pod of each. @param rounds turns of each scenario and image, an even number from 6 @throws UserError, see ImagePools */
  static async prepare(
    images: readonly [string, string],
    rounds: number,
    outputs: StackOutputs,
    signal: AbortSignal,
  ): Promise<ImageComparison> {
    return new ImageComparison(await ImagePools.deploy(images, outputs, signal), outputs, rounds);
  }

  /** The outputs as if these pods were all of the stack. */
  get observed(): StackOutputs {
    return this.#outputsOf(...this.#pools.pools);
  }

  turns(scenarios: readonly Scenario[]): Turn[] {
    return scenarios.flatMap((scenario) =>
      interleave(this.#pools.pools, this.#rounds).map(({ variant }) => ({
        scenario: { ...scenario, name: nameOf(scenario.name, variant) },
        target: { endpoint: variant.endpoint, withoutGateway: true },
        observed: this.#outputsOf(variant),
      })),
    );
  }

  async beforeTurn(): Promise<void> {}

  add(load: LoadResult, stack: StackFigures | null): void {
    const [, scenario = "", letter] = /^(.*) \((A|B)\)$/.exec(load.scenario) ?? [];
    const repeats = this.#repeats.get(scenario) ?? { a: [], b: [] };
    this.#repeats.set(scenario, repeats);
    const { latency, requestsPerSecond } = load;
    // All turns of a scenario are as long as each other, so requests per second stand for their number.
    const cpuSeconds = stack?.cpuSeconds;
    repeats[letter === "A" ? "a" : "b"].push({
      throughput: requestsPerSecond,
      p50Ms: latency.p50Ms,
      p95Ms: latency.p95Ms,
      p99Ms: latency.p99Ms,
      cpuPerRequest: cpuSeconds && requestsPerSecond > 0 ? cpuSeconds / requestsPerSecond : null,
    });
  }

  /** @throws UserError when a turn had no good answer. */
  async end(): Promise<RunComparison> {
    const [a, b] = this.#pools.pools;
    const rows = [...this.#repeats].flatMap(([scenario, repeats]) => {
      const latencies = (Object.keys(comparedMetrics) as (keyof typeof comparedMetrics)[]).map((metric) => {
        const { of, better, band } = comparedMetrics[metric];
        return this.#row(scenario, metric, repeats, of, better, band);
      });
      const { a: ofA, b: ofB } = repeats;
      const told = [...ofA, ...ofB].every(({ cpuPerRequest }) => cpuPerRequest !== null);
      const cpu = ({ cpuPerRequest }: ImageRepeat) => cpuPerRequest ?? Number.NaN;
      return told
        ? [...latencies, this.#row(scenario, "CPU per request", repeats, cpu, "lower", cpuBand)]
        : latencies;
    });
    return {
      before: { apiImage: a.image, savedAt: null },
      after: { apiImage: b.image },
      rows,
      notCompared: [],
    };
  }

  /** Leaves the cluster as it was. */
  async leave(): Promise<void> {
    await this.#pools.remove();
  }

  #row(
    scenario: string,
    metric: ComparedRow["metric"],
    { a, b }: { a: ImageRepeat[]; b: ImageRepeat[] },
    of: (repeat: ImageRepeat) => number,
    better: "lower" | "higher",
    band: number,
  ): ComparedRow {
    const pairs = a.map((repeat, at) => [of(repeat), of(b[at] ?? repeat)] as const);
    if (pairs.some((pair) => pair.some((value) => !(value > 0))))
      throw new UserError(
        `the images cannot be compared: a turn of ${scenario} had no good answer`,
        "look at the errors in the report",
      );
    const ratio = pairedRatio(pairs, { confidence: comparedConfidence });
    return { scenario, metric, ...ratio, verdict: judgeRatio(ratio, band, better) };
  }

  #outputsOf(...pools: ImagePool[]): StackOutputs {
    return { ...this.#outputs, workloads: pools.map(({ workload }) => workload) };
  }
}

function nameOf(scenario: string, { letter }: ImagePool): string {
  return `${scenario} (${letter})`;
}
