import { UserError } from "../../contract/user-error.ts";
import type { Turn } from "../compare/repeated-run.ts";
import type { Injection } from "../faults/injection.ts";
import type { Observer } from "../observe/observer.ts";
import type { LoadResult } from "../report/schema/scenario.ts";
import type { Run } from "../run-context.ts";
import { runLoad } from "./load.ts";
import { seedUsers } from "./seed.ts";

const timeoutSeconds = 10;
const seed = 20_260_101;

/** Seeds the users of a run. @throws {UserError} when some could not be written. */
export async function seedAll({ settings, progress, signal }: Run): Promise<void> {
  const { endpoint, users } = settings;
  progress.begin(`seeding ${users} users`);
  const result = await seedUsers(endpoint, users, {
    signal,
    onProgress: (done) => progress.detail(`${done} of ${users}`),
  });
  const [first] = result.failures;
  if (!first) return;
  throw new UserError(
    `${result.failures.length} of ${users} users could not be seeded through ${endpoint}; the first: ${first.reason}`,
    "look at the pods behind it",
  );
}

/** Runs one turn of a scenario with a live progress line. @throws {Error} when the load generator ends early. */
export async function runScenario(
  run: Run,
  { scenario, target }: Turn,
  { observer, injection }: { observer: Observer | undefined; injection: Injection | undefined },
): Promise<LoadResult> {
  const { progress, signal } = run;
  progress.begin(scenario.name);
  const settings = run.settingsOf(scenario);
  let failed = 0;
  return runLoad(
    { ...run.settings, ...target, ...settings, scenario, timeoutSeconds, seed },
    {
      signal,
      onSecond: (stats, warmup) => {
        failed += stats.failed;
        if (!warmup) injection?.onSecond(stats.second, settings.durationSeconds);
        const fullest = observer?.fullest();
        const parts = [
          warmup ? "warming up" : `${stats.second.toFixed(0)}/${settings.durationSeconds} s`,
          `${stats.requestsPerSecond.toLocaleString("en-US")} req/s`,
          `p99 ${stats.p99Ms === null ? "–" : `${stats.p99Ms.toFixed(1)} ms`}`,
          `${failed} failed`,
        ];
        if (fullest) parts.push(`memory ${(fullest.share * 100).toFixed(0)} % in ${fullest.pod}`);
        progress.detail(parts.join(" · "));
      },
    },
  );
}
