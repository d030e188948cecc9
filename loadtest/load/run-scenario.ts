import { UserError } from "../../contract/user-error.ts";
import type { Turn } from "../compare/repeated-run.ts";
import type { Injection } from "../faults/injection.ts";
import type { Observer } from "../observe/observer.ts";
import type { LoadResult } from "../report/schema/scenario.ts";
import type { Run } from "../run-context.ts";
import { waitForFrontDoor } from "./front-door.ts";
import { runLoad } from "./load.ts";
import { tryRequests } from "./request-trial.ts";
import { usesUsers } from "./scenarios.ts";
import { type SeedResult, seedUsers } from "./seed.ts";
import { userId } from "./users.ts";

const timeoutSeconds = 10;
const seed = 20_260_101;

/**
 * Waits for the front door, tries each request of stack config once, and seeds the users if a scenario uses them.
 *
 * @returns the version of the seeded users
 * @throws {UserError} when the endpoint does not respond, a user could not be written, or a user is not the load test's.
 */
export async function prepareEndpoint(run: Run): Promise<number> {
  const { settings, progress, signal } = run;
  const { endpoint, users, tls } = settings;
  const steady = await progress.step("waiting for the endpoint", () =>
    waitForFrontDoor(endpoint, { tls, signal, prefix: run.outputs.loadtest.apiPrefix }),
  );
  if (!steady) progress.detail("it does not respond steadily");
  await tryRequests(run.scenarios, settings, (name) => progress.begin(`trying the request ${name}`));
  if (!run.scenarios.some(usesUsers)) return 0;
  progress.begin(`seeding ${users} users`);
  const result = await seedUsers(endpoint, users, {
    tls,
    signal,
    onProgress: (done) => progress.detail(`${done} of ${users}`),
  });
  refuseBadSeed(result, endpoint, users);
  return result.version;
}

function refuseBadSeed({ foreign, failures }: SeedResult, endpoint: string, users: number): void {
  const [id] = foreign;
  if (id !== undefined) {
    throw new UserError(
      `user ${id} of ${endpoint} has content that the load test did not create${foreign.length > 1 ? `, and so have ${foreign.length - 1} more` : ""}; the load test writes the users ${userId(1)} to ${userId(users)}`,
      "delete these users if nobody needs them, or choose scenarios without reads and writes of users",
    );
  }
  const [first] = failures;
  if (!first) return;
  throw new UserError(
    `${failures.length} of ${users} users could not be seeded through ${endpoint}; the first: ${first.reason}`,
    "look at the pods behind it",
  );
}

/** What a turn shares with the run. */
export interface TurnContext {
  observer: Observer | undefined;
  /** The fault, in the turn in which it is injected. */
  injection: Injection | undefined;
  seededVersion: number;
}

/** Runs one turn of a scenario with a live progress line. @throws {Error} when the load generator ends early. */
export async function runScenario(
  run: Run,
  { scenario, target }: Turn,
  { observer, injection, seededVersion }: TurnContext,
): Promise<LoadResult> {
  const { progress, signal } = run;
  progress.begin(scenario.name);
  const settings = run.settingsOf(scenario);
  let failed = 0;
  let hasProblem = false;
  return runLoad(
    { ...run.settings, ...target, ...settings, scenario, timeoutSeconds, seed, seededVersion },
    {
      signal,
      onProblem: (problem) => {
        // The connections fail in the same way, each with a text of its own.
        if (!hasProblem) run.problems.invalid.push(`${scenario.name}: ${problem}`);
        hasProblem = true;
      },
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
