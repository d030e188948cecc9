import type { RequestConfig } from "../../contract/outputs.ts";

/** Headers of a response by their lower-case names. */
export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** One request to send, and the check of its response. */
export interface PlannedRequest {
  /** Sent as X-Request-ID. A response with that header must have the same ID. */
  id: string;
  kind: string;
  method: RequestConfig["method"];
  path: string;
  body?: string | Buffer;
  /** By lower-case names. A body without a content type is JSON. */
  headers?: Readonly<Record<string, string>>;
  /** Statuses of right responses. Default: all from 200 to 299. */
  statuses?: readonly number[];
  /** Whether the body of a response with such a status is right. @param headers needed by requests that keep values only */
  verify: (body: string, headers?: ResponseHeaders) => boolean;
  /** Called once with the outcome: whether the right response came. */
  settle?: (isGood: boolean) => void;
  /** The values that it keeps of its response, for messages: `token (/session/token)`. */
  keeps?: string;
  /** The same request with the values that its session has now. Absent: it has no session, or all requests of its kind are equal. */
  renewed?: () => RequestOfKind;
}

/** A request before it gets its ID. */
export type RequestOfKind = Omit<PlannedRequest, "id">;

/** Whether a status is one of right responses. */
export function isExpected({ statuses }: Pick<PlannedRequest, "statuses">, status: number): boolean {
  return statuses?.includes(status) ?? (status >= 200 && status <= 299);
}
