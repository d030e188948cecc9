import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { V1PodList } from "@kubernetes/client-node";
import type { GateConfig } from "../../contract/gate-metrics.ts";
import { UserError } from "../../contract/user-error.ts";
import { type ClusterApi, podPath } from "../../host/cluster-api.ts";
import { readJsonObject } from "../../host/read-json.ts";
import { writeWhole } from "../../host/write-whole.ts";
import type { ReachedStack } from "../../loadtest/cluster-search.ts";
import { selects } from "../../loadtest/observe/pod-history.ts";
import type { MeasuringOptions } from "../command-line.ts";
import type { MeasuredStep } from "../search/step.ts";

/** Folder of reports and of the steps of unfinished runs. */
export const reportsRoot: string = resolve(import.meta.dirname, "..", "reports");

/** What steps must share to belong to one run. */
export interface RunIdentity {
  /** UID of the namespace, which no other stack has; its name in the outputs of an older program. */
  stack: string;
  /** Image of each role with its digest. */
  images: Record<string, string[]>;
  /** CPU and memory limits of each role. */
  sizes: Record<string, string[]>;
  scenario: string;
  gates: GateConfig[];
  options: MeasuringOptions;
}

interface ProgressFile {
  schema: 1;
  identity: RunIdentity;
  startedAt: string;
  steps: MeasuredStep[];
}

/** The steps of an unfinished run. */
export interface Progress {
  startedAt: string;
  steps: MeasuredStep[];
}

/** Keeps the steps of a run in a file, after each step. */
export class ProgressKeeper {
  readonly #path: string;
  readonly #identity: RunIdentity;

  /** @param stack name of the stack, which may have slashes @param folder default: the reports' folder */
  constructor(stack: string, identity: RunIdentity, folder = reportsRoot) {
    this.#path = join(folder, `steps-${stack.replaceAll("/", "-")}.json`);
    this.#identity = identity;
  }

  /**
   * The steps that the last run of the stack has measured.
   *
   * @throws {UserError} with exit code 2 when there are none, or they were measured of another image or with other options.
   */
  async read(): Promise<Progress> {
    const file = await readJsonObject<ProgressFile>(this.#path);
    const start = "begin a new run: leave --resume out";
    if (file === undefined || file === "invalid" || file.schema !== 1)
      throw new UserError(`--resume: ${this.#path} has no steps of a run`, start, { exitCode: 2 });
    const other = differences(this.#identity, file.identity);
    if (other.length === 0) return { startedAt: file.startedAt, steps: file.steps };
    throw new UserError(
      `--resume: the steps of ${file.startedAt} were measured with another ${other.join(", ")}; steps of one run must share them`,
      start,
      { exitCode: 2 },
    );
  }

  /** Writes all steps so far. @throws {UserError} when the file cannot be written. */
  async write({ startedAt, steps }: Progress): Promise<void> {
    const file: ProgressFile = { schema: 1, identity: this.#identity, startedAt, steps };
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      await writeWhole(this.#path, `${JSON.stringify(file)}\n`);
    } catch (error) {
      throw new UserError(`${this.#path} cannot be written: ${(error as Error).message}`, "free some space", {
        cause: error,
      });
    }
  }
}

/** Names of the fields that differ, options by their own names. */
function differences(now: RunIdentity, then: RunIdentity): string[] {
  const differ = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  const fields = (["stack", "images", "sizes", "scenario", "gates"] as const).filter((field) =>
    differ(now[field], then[field]),
  );
  const options = (Object.keys(now.options) as (keyof MeasuringOptions)[]).filter((option) =>
    differ(now.options[option], then.options?.[option]),
  );
  return [...fields, ...options.map((option) => `--${option.replace(/Seconds$/, "")}`)];
}

/** Images and limits of the running pods, by role. */
export async function readPods(
  api: ClusterApi,
  { namespace, workloads }: ReachedStack,
): Promise<Pick<RunIdentity, "images" | "sizes">> {
  const { items } = await api.getJson<V1PodList>(podPath(namespace));
  const images: Record<string, string[]> = {};
  const sizes: Record<string, string[]> = {};
  for (const { role, selector } of workloads) {
    const pods = items.filter(({ metadata }) => selects(selector, metadata?.labels));
    const main = <T extends { name: string }>(containers: readonly T[] | undefined) =>
      containers?.find(({ name }) => name === role) ?? containers?.[0];
    images[role] = sorted(pods.flatMap(({ status }) => main(status?.containerStatuses)?.imageID || []));
    sizes[role] = sorted(pods.map(({ spec }) => JSON.stringify(main(spec?.containers)?.resources?.limits)));
  }
  return { images, sizes };
}

const sorted = (texts: readonly string[]): string[] => [...new Set(texts)].sort();
