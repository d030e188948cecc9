import { CookieJar } from "./cookie-jar.ts";
import type { RequestOfKind } from "./planned-request.ts";

/** What one connection keeps of its responses. It outlives the TCP connection, as a user's session does. */
export class Session {
  /** Undefined: cookies are not kept. */
  readonly cookies: CookieJar | undefined;
  /** When its first requests were last sent, by `performance.now()`. */
  beganMs = Number.NEGATIVE_INFINITY;
  readonly #values = new Map<string, string>();
  readonly #firstRequests = new Map<string, () => RequestOfKind>();

  constructor(keepsCookies = false) {
    this.cookies = keepsCookies ? new CookieJar() : undefined;
  }

  /** Keeps values of a right response. @param request its name */
  keep(request: string, values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) this.#values.set(`${request}.${name}`, value);
  }

  /** A value of the last right response to `request`. @returns an empty text when there was none */
  value(request: string, name: string): string {
    return this.#values.get(`${request}.${name}`) ?? "";
  }

  /**
   * One of its first requests. It is made once: when the session begins again, its own values are as before, because the session stays
   * that of one user, and those of responses are the ones that are kept now.
   */
  firstRequest(name: string, make: () => RequestOfKind): RequestOfKind {
    const request = this.#firstRequests.get(name)?.() ?? make();
    this.#firstRequests.set(name, request.renewed ?? (() => request));
    return request;
  }
}
