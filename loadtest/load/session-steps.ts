import type { Connection, Renewal } from "./connection.ts";
import { exchange } from "./exchange.ts";
import { httpForm } from "./http-form.ts";
import type { ThreadOptions } from "./load-result.ts";
import type { PlannedRequest } from "./planned-request.ts";
import type { Session } from "./session.ts";

/** Sessions of a thread that begin at the same time, before the load or during it. More would be a load of their own. */
export const sessionsAtOnce = 16;

/** A response 401 within this time after a session has begun is a failure. */
const defaultRenewAfterMs = 10_000;

/** A request that a connection sends before its first one of the mix. */
export type Step = (session: Session) => PlannedRequest;

/** The first requests of each connection, such as a login. They are not counted. */
export class SessionSteps implements Renewal {
  readonly #steps: readonly Step[];
  readonly #toHttp: ReturnType<typeof httpForm>;
  readonly #renewAfterMs: number;
  readonly #onFailure: (problem: string) => void;
  #renewing = 0;
  /** Sessions that wait for one of those in progress to begin, in their order. */
  readonly #waiting: (() => void)[] = [];

  /** @param onFailure called when a session cannot begin again during the load */
  constructor(steps: readonly Step[], options: ThreadOptions, onFailure: (problem: string) => void) {
    this.#steps = steps;
    this.#toHttp = httpForm(options);
    this.#renewAfterMs = options.renewAfterMs ?? defaultRenewAfterMs;
    this.#onFailure = onFailure;
  }

  /** Sends all steps in their order, without cookies of before. @returns which one got no right response, and why; undefined: the session has begun */
  async begin(connection: Connection): Promise<string | undefined> {
    const { session } = connection;
    if (session === undefined) return undefined;
    session.beganMs = performance.now();
    session.cookies?.clear();
    for (const step of this.#steps) {
      const request = step(session);
      const problem = await exchange(connection, request, this.#toHttp);
      if (problem !== undefined)
        return `the request ${request.kind} (${request.method}) gets no right response: ${problem}`;
    }
    return undefined;
  }

  /** Whether a session that the server does not accept can begin again: it has steps, and has not just begun. */
  mayRenew({ session }: Connection): boolean {
    return (
      this.#steps.length > 0 &&
      session !== undefined &&
      performance.now() - session.beganMs >= this.#renewAfterMs
    );
  }

  /** Begins a session again, after those that wait already. @returns whether it has begun */
  async renew(connection: Connection): Promise<boolean> {
    if (this.#renewing < sessionsAtOnce) this.#renewing++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const problem = await this.begin(connection);
    const next = this.#waiting.shift();
    // The place is passed on, so that no session that comes now takes it first.
    if (next === undefined) this.#renewing--;
    else next();
    if (problem !== undefined) this.#onFailure(problem);
    return problem === undefined;
  }
}
