import { type IncomingMessage, ServerResponse } from "node:http";
import type { RouteTally } from "../metrics/route-stats.ts";

/** Nginx's own for a client that went away before its answer; no client sees it. */
const clientClosedRequest = 499;

/**
 * An answer that counts itself into its route's tally when it ends. For `http.createServer`: Fastify's hook for it sets
 * two listeners on every answer, which costs a tenth of what a light request does.
 */
export class TalliedResponse extends ServerResponse<IncomingMessage> {
  /** To be set by who knows the route; without one nothing is counted. */
  tally: Pick<RouteTally, "count"> | undefined = undefined;
  readonly #startedMs = performance.now();

  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    const gone = this.destroyed;
    super.end(chunk as Buffer, encoding as BufferEncoding, callback as () => void);
    const { tally } = this;
    if (tally === undefined) return this;
    this.tally = undefined;
    tally.count(gone ? clientClosedRequest : this.statusCode, (performance.now() - this.#startedMs) / 1000);
    return this;
  }
}
