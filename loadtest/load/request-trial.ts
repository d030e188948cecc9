import { UserError } from "../../contract/user-error.ts";
import { seededRandom } from "../../measure/random.ts";
import type { RunSettings } from "../run-context.ts";
import { exchange } from "./exchange.ts";
import { httpForm } from "./http-form.ts";
import { compileRequest } from "./own-requests.ts";
import { RequestFiles } from "./request-files.ts";
import { hasSessions, type Scenario } from "./scenarios.ts";
import { Session } from "./session.ts";
import { openClient } from "./undici-client.ts";

const timeoutSeconds = 10;
const seed = 20_260_101;

/**
 * Compiles the requests of stack config, so that a missing file or variable shows before anything else.
 *
 * @throws {UserError} with exit code 2, see compileRequest
 */
export function compileRequests(scenarios: readonly Scenario[]): void {
  const files = new RequestFiles();
  for (const { requests = {} } of scenarios)
    for (const [name, config] of Object.entries(requests))
      compileRequest(name, config, { random: seededRandom(seed), files });
}

/**
 * Sends each request of stack config once, on one connection for each scenario: first the steps of its session, then the others.
 * A request that needs no session is sent once in all.
 *
 * @throws {UserError} with the first request that does not get a right response: a run would only count its failures.
 */
export async function tryRequests(
  scenarios: readonly Scenario[],
  settings: Pick<RunSettings, "endpoint" | "tls">,
  onRequest: (name: string) => void,
): Promise<void> {
  const tried = new Set<string>();
  const files = new RequestFiles();
  const toHttp = httpForm(settings);
  for (const scenario of scenarios) {
    const { requests = {}, steps = [], cookies = false } = scenario;
    const hasSession = hasSessions(scenario);
    const connection = { client: openClient({ ...settings, timeoutSeconds }), session: new Session(cookies) };
    try {
      for (const name of new Set([...steps, ...Object.keys(requests)])) {
        const config = requests[name];
        if (config === undefined || (!hasSession && tried.has(name))) continue;
        if (!hasSession) tried.add(name);
        onRequest(name);
        const compiled = compileRequest(name, config, { random: seededRandom(seed), files });
        const problem = await exchange(
          connection,
          { ...compiled(connection.session), id: "load-trial" },
          toHttp,
        );
        if (problem === undefined) continue;
        throw new UserError(
          `the request ${name} (${config.method} ${config.path}) gets no right response: ${problem}`,
          `correct loadtest.requests.${name} in stack config and run pulumi up, or the API`,
        );
      }
    } finally {
      await connection.client.destroy();
    }
  }
}
