import { UserError } from "../../contract/user-error.ts";
import type { Connection } from "./connection.ts";
import type { ThreadOptions } from "./load-result.ts";
import { Session } from "./session.ts";
import { type SessionSteps, sessionsAtOnce } from "./session-steps.ts";
import { openClient } from "./undici-client.ts";

/**
 * Opens the connections of a thread and begins their sessions, before the load.
 *
 * @param interrupted resolves when no more sessions are to begin
 * @throws {UserError} with the first request that gets no right response
 */
export async function openSessions(
  options: ThreadOptions,
  steps: SessionSteps,
  interrupted: Promise<unknown>,
): Promise<Connection[]> {
  const { cookies } = options.scenario;
  const connections = Array.from({ length: options.connections }, () => ({
    client: openClient(options),
    session: new Session(cookies),
  }));
  let isOver = false;
  void interrupted.then(() => {
    isOver = true;
  });
  const rest = connections.values();
  const beginNext = async () => {
    for (const connection of rest) {
      if (isOver) return;
      const problem = await steps.begin(connection);
      if (problem !== undefined)
        throw new UserError(
          `${options.scenario.name}: ${problem}`,
          "the one before the run was right: look at what the API allows each user, or have fewer connections",
        );
    }
  };
  await Promise.all(Array.from({ length: sessionsAtOnce }, beginNext));
  return connections;
}
