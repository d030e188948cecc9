import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Characters that need no escaping in a header, in JSON and in a log; Nginx accepts the same. */
const validId = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

/** Request ids: the one that Nginx sends in X-Request-ID, else a new one. */
export class RequestIds {
  readonly #prefix = `${randomBytes(6).toString("base64url")}-`;
  #count = 0;

  readonly idOf = (request: Pick<IncomingMessage, "headers">): string => {
    const received = request.headers["x-request-id"];
    return typeof received === "string" && validId.test(received) ? received : this.next();
  };

  /** Returns a new id. */
  next(): string {
    return this.#prefix + (this.#count++).toString(36);
  }
}
