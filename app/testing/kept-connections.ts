import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** Outcome of a load. */
export interface LoadOutcome {
  answered: number;
  /** One line for each request without a response or with a wrong status. */
  lost: string[];
}

/**
 * Requests a path over several keep-alive connections, one request after the other on each, until `stop` or until the
 * server closes the connection with a response.
 */
export class KeptConnections {
  readonly outcome: LoadOutcome = { answered: 0, lost: [] };
  readonly #ended: Promise<unknown>;
  #isStopped = false;

  /** @param pauseMs between a response and the next request */
  constructor(port: number, target: string, connections: number, pauseMs = 2) {
    this.#ended = Promise.all(Array.from({ length: connections }, () => this.#run(port, target, pauseMs)));
  }

  /** Waits for the requests in flight. */
  async stop(): Promise<LoadOutcome> {
    this.#isStopped = true;
    return this.ended();
  }

  /** Waits until the server has closed every connection. */
  async ended(): Promise<LoadOutcome> {
    await this.#ended;
    return this.outcome;
  }

  async #run(port: number, target: string, pauseMs: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!this.#isStopped) {
      const result = await sendOne(agent, port, target);
      if (typeof result === "string") this.outcome.lost.push(result);
      else this.outcome.answered++;
      if (typeof result === "object" && result.isLast) break;
      await sleep(pauseMs);
    }
    agent.destroy();
  }
}

/** Returns whether the server closes the connection with its response, or an error message. */
function sendOne(agent: Agent, port: number, target: string): Promise<{ isLast: boolean } | string> {
  return new Promise((resolve) => {
    const sent = request({ host: "127.0.0.1", port, path: target, agent, timeout: 10_000 }, (response) => {
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
    sent.on("error", (error) => resolve(error.message));
    sent.on("timeout", () => sent.destroy(new Error("no response in 10 s")));
    sent.end();
  });
}
