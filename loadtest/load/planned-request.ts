import type { RequestConfig } from "../../contract/outputs.ts";

/** One request to send, and the check of its response. */
export interface PlannedRequest {
  /** Sent as X-Request-ID. A response with that header must have the same ID. */
  id: string;
  kind: string;
  method: RequestConfig["method"];
  path: string;
  body?: string;
  /** Content type of the body; default: JSON. */
  contentType?: string;
  headers?: Readonly<Record<string, string>>;
  /** Statuses of right responses. Default: all from 200 to 299. */
  statuses?: readonly number[];
  /** Whether the body of a response with such a status is right. */
  verify: (body: string) => boolean;
  /** Called once with the outcome: whether the right response came. */
  settle?: (isGood: boolean) => void;
}

/** A request before it gets its ID. */
export type RequestOfKind = Omit<PlannedRequest, "id">;
