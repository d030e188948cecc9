import { UserError } from "../../contract/user-error.ts";
import type { Command } from "../cli/command-line.ts";
import { dialsOf, type Plan } from "../cli/settings.ts";
import type { Injection } from "../faults/injection.ts";
import type { Observer } from "../observe/observer.ts";
import type { Progress } from "../progress.ts";
import { runLoad } from "./load.ts";
import type { LoadResult } from "./load-result.ts";
import type { Scenario } from "./scenarios.ts";
import { seedUsers } from "./seed.ts";

const timeoutSeconds = 10;
const seed = 20_260_101;

/** Seeds users before a run. @throws UserError when some could not be written. */
export async function seedAll(
  endpoint: string,
  users: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
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

/** Runs one scenario with a live progress line. @throws Error when the generator dies. */
export async function runScenario(
  scenario: Scenario,
  command: Command,
  plan: Plan,
  { observer, injection }: { observer: Observer | undefined; injection: Injection | undefined },
  progress: Progress,
  signal: AbortSignal,
): Promise<LoadResult> {
  progress.begin(scenario.name);
  const dials = dialsOf(scenario, command, plan);
  let failed = 0;
  return runLoad(
    { ...plan, ...dials, scenario, timeoutSeconds, seed },
    {
      signal,
      onSecond: (figures, warmup) => {
        failed += figures.failed;
        if (!warmup) injection?.onSecond(figures.second, dials.durationSeconds);
        const fullest = observer?.fullest();
        progress.detail(
          [
            warmup ? "warming up" : `${figures.second.toFixed(0)}/${dials.durationSeconds} s`,
            `${figures.requestsPerSecond.toLocaleString("en-US")} req/s`,
            `p99 ${figures.p99Ms === null ? "–" : `${figures.p99Ms.toFixed(1)} ms`}`,
            `${failed} failed`,
            ...(fullest ? [`memory ${(fullest.share * 100).toFixed(0)} % in ${fullest.pod}`] : []),
          ].join(" · "),
        );
      },
    },
  );
}
