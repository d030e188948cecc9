import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "../../host/write-whole.ts";
import { dataDir } from "../paths.ts";
import { recipes } from "./recipes.ts";
import { builtAtMs } from "./stored-image.ts";

/** When each base image last had the newest packages of Debian, in ms since 1970. */
type Checks = Readonly<Record<string, number>>;

const file = join(dataDir, "base-images.json");
const dayMs = 24 * 3600 * 1000;
/** Age of base images that `npm run status` warns of. */
const oldMs = 7 * dayMs;

/** Keeps that images were built with the newest packages just now, also if the outcome is the image of before. */
export async function recordBuilt(names: readonly string[]): Promise<void> {
  const now = names.map((name) => [name, Date.now()]);
  await writeWhole(file, JSON.stringify({ ...(await readChecks()), ...Object.fromEntries(now) }));
}

/** Names of images whose packages may lack updates of Debian, and the age of the oldest in days. */
export interface OldImages {
  names: string[];
  days: number;
}

/** The base images that are older than a week; undefined when there is none. @throws {Error} if the registry does not answer. */
export async function oldBaseImages(): Promise<OldImages | undefined> {
  const checks = await readChecks();
  const times = recipes.map(
    async (recipe) => [recipe.name, checks[recipe.name] ?? (await builtAtMs(recipe))] as const,
  );
  return olderThanWeek(await Promise.all(times), Date.now());
}

/** Chooses the images of which it is known that they are older than a week. */
export function olderThanWeek(
  times: readonly (readonly [name: string, timeMs: number | undefined])[],
  nowMs: number,
): OldImages | undefined {
  const old = times.flatMap(([name, timeMs]) =>
    timeMs !== undefined && nowMs - timeMs > oldMs ? [{ name, timeMs }] : [],
  );
  if (old.length === 0) return undefined;
  const oldest = Math.min(...old.map(({ timeMs }) => timeMs));
  return { names: old.map(({ name }) => name), days: Math.floor((nowMs - oldest) / dayMs) };
}

async function readChecks(): Promise<Checks> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Checks;
  } catch {
    // Missing on an installation of an earlier version. The images' own times are used then.
    return {};
  }
}
