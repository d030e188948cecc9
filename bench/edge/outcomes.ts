/** A request without the right response. */
export interface FailedRequest {
  /** When it was sent, epoch ms. */
  sentMs: number;
  method: string;
  path: string;
  /** HTTP status; 0: no response. */
  status: number;
  /** Message of the response, or why there is none. */
  detail: string;
}

/** Whether the API refused the request because the machine is overloaded, which a lower rate avoids. */
export function isShed({ status, detail }: FailedRequest): boolean {
  return status === 503 && detail.startsWith("too many requests at the moment");
}

/** Failed requests that are kept one by one; further ones are only counted. */
const mostKept = 100_000;

/** Counts what happened to the requests of a load. */
export class Outcomes {
  /** Requests with an outcome. */
  sent = 0;
  failed = 0;
  /** Failed requests that the API refused because the machine is overloaded. */
  shed = 0;
  /** Requests with an outcome, by method. */
  readonly byMethod: Record<string, number> = {};
  readonly failures: FailedRequest[] = [];

  /** @param failure undefined: the right response came */
  add(method: string, failure: FailedRequest | undefined): void {
    this.sent++;
    this.byMethod[method] = (this.byMethod[method] ?? 0) + 1;
    if (failure === undefined) return;
    this.failed++;
    if (isShed(failure)) this.shed++;
    if (this.failures.length < mostKept) this.failures.push(failure);
  }

  /** Counts of equal failures, the most frequent ones first, as `GET 503 no pod × 12, POST ECONNRESET × 3`. */
  get reasons(): string {
    return reasonsOf(this.failures);
  }
}

/** Counts of equal failures, the most frequent ones first. */
export function reasonsOf(failures: readonly FailedRequest[]): string {
  const counts = new Map<string, number>();
  for (const { method, status, detail } of failures) {
    const key = [method, status || "", detail].filter((part) => part !== "").join(" ");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, 4).map(([key, count]) => `${key} × ${count}`);
  return [...shown, ...(sorted.length > 4 ? [`${sorted.length - 4} other kinds`] : [])].join(", ");
}
