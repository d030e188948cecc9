import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** What can stand in a header, a line of JSON and a log as it is; Nginx lets the same through. */
const sane = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

/** Ids for requests: the one that the edge gave in X-Request-ID, or one of this process. */
export class RequestIds {
  readonly #prefix = `${randomBytes(6).toString("base64url")}-`;
  #count = 0;

  readonly of = (request: Pick<IncomingMessage, "headers">): string => {
    const given = request.headers["x-request-id"];
    return typeof given === "string" && sane.test(given) ? given : this.next();
  };

  /** For a request that has no readable headers. */
  next(): string {
    return this.#prefix + (this.#count++).toString(36);
  }
}
