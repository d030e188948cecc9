import { Pool } from "undici";

/** A kind of request and its rate. */
export interface PacedRequest {
  perSecond: number;
  /** The request with number `count`, from 0. */
  make(count: number): { method: "GET" | "POST" | "PUT"; path: string; body?: Buffer; contentType?: string };
}

const ticksPerSecond = 50;
const connections = 8;

/** Sends requests at fixed rates until stopped. Responses are only counted by status. */
export class PacedLoad {
  readonly #pool: Pool;
  readonly #timer: NodeJS.Timeout;
  /** Number of responses by status; 0 for failed requests. */
  readonly byStatus = new Map<number, number>();

  constructor(port: number, requests: readonly PacedRequest[]) {
    this.#pool = new Pool(`http://127.0.0.1:${port}`, { connections, pipelining: 1 });
    const sent = requests.map(() => 0);
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      const seconds = (performance.now() - startedAt) / 1000;
      for (const [index, { perSecond, make }] of requests.entries()) {
        // Limits the burst after a pause of the machine.
        let atOnce = Math.ceil((5 * perSecond) / ticksPerSecond);
        for (; (sent[index] ?? 0) < seconds * perSecond && atOnce > 0; atOnce--) {
          const count = sent[index] ?? 0;
          sent[index] = count + 1;
          void this.#send(make(count));
        }
      }
    }, 1000 / ticksPerSecond);
  }

  async #send({ method, path, body, contentType }: ReturnType<PacedRequest["make"]>): Promise<void> {
    let status = 0;
    try {
      const headers = contentType === undefined ? {} : { "content-type": contentType };
      const answer = await this.#pool.request({ method, path, headers, body: body ?? null });
      await answer.body.dump();
      status = answer.statusCode;
    } catch {}
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#pool.destroy();
  }
}
