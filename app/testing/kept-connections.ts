import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** What came of a load. */
export interface LoadOutcome {
  answered: number;
  /** One line for each request that got no answer, or a wrong one. */
  lost: string[];
}

/**
 * Asks for a path over several connections that are kept, one request after the other on each, until told to stop or
 * the server closes the connection with an answer.
 *
 * @param pauseMs between an answer and the next request
 */
export class KeptConnections {
  readonly outcome: LoadOutcome = { answered: 0, lost: [] };
  readonly #ended: Promise<unknown>;
  #isStopped = false;

  constructor(port: number, target: string, connections: number, pauseMs = 2) {
    this.#ended = Promise.all(Array.from({ length: connections }, () => this.#askOn(port, target, pauseMs)));
  }

  /** Waits for the requests under way. */
  async stop(): Promise<LoadOutcome> {
    this.#isStopped = true;
    return this.ended();
  }

  /** Waits until the server closed every connection. */
  async ended(): Promise<LoadOutcome> {
    await this.#ended;
    return this.outcome;
  }

  async #askOn(port: number, target: string, pauseMs: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!this.#isStopped) {
      const answer = await ask(agent, port, target);
      if (typeof answer === "string") this.outcome.lost.push(answer);
      else this.outcome.answered++;
      if (typeof answer === "object" && answer.isLast) break;
      await sleep(pauseMs);
    }
    agent.destroy();
  }
}

/** Whether the server closes the connection with its answer; or what went wrong. */
function ask(agent: Agent, port: number, target: string): Promise<{ isLast: boolean } | string> {
  return new Promise((resolve) => {
    const asked = request({ host: "127.0.0.1", port, path: target, agent, timeout: 10_000 }, (response) => {
      response.resume();
      response.on("error", (error) => resolve(error.message));
      response.on("end", () =>
        resolve(
          response.statusCode === 200
            ? { isLast: response.headers.connection === "close" }
            : `status ${response.statusCode}`,
        ),
      );
    });
    asked.on("error", (error) => resolve(error.message));
    asked.on("timeout", () => asked.destroy(new Error("no answer in 10 s")));
    asked.end();
  });
}
