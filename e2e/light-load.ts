import { setTimeout as sleep } from "node:timers/promises";

const perSecond = 20;
const users = 100;
const limitMs = 30_000;

/** A light load of reads and writes through the gateway, for tests that count failed requests. It starts at once. */
export class LightLoad {
  readonly #failures: string[] = [];
  readonly #pending = new Set<Promise<void>>();
  readonly #endpoint: string;
  readonly #path: string | undefined;
  readonly #running: Promise<void>;
  #stopped = false;

  /** @param path of reads, in place of reads and writes of users */
  constructor(endpoint: string, path?: string) {
    this.#endpoint = endpoint;
    this.#path = path;
    this.#running = this.#run();
  }

  /** Waits for all responses. @returns the requests that failed, with their reasons */
  async stop(): Promise<string[]> {
    this.#stopped = true;
    await this.#running;
    await Promise.all(this.#pending);
    return this.#failures;
  }

  async #run(): Promise<void> {
    for (let count = 0; !this.#stopped; count++) {
      const request = this.#request(count).catch((error: Error) => {
        this.#failures.push(`${error.message}: ${(error.cause as Error | undefined)?.message}`);
      });
      this.#pending.add(request);
      void request.finally(() => this.#pending.delete(request));
      await sleep(1000 / perSecond);
    }
  }

  async #request(count: number): Promise<void> {
    const url = `${this.#endpoint}${this.#path ?? `/api/users/${1 + ((count * 7) % users)}`}`;
    const isWrite = this.#path === undefined && (count % 3 === 0 || count < users);
    const response = await fetch(url, {
      signal: AbortSignal.timeout(limitMs),
      ...(isWrite && {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name: `name ${count}`, email: "name@example.org" }),
      }),
    });
    const body = await response.text();
    if (!response.ok) this.#failures.push(`${response.status} ${isWrite ? "PUT" : "GET"} ${url}: ${body}`);
  }
}
