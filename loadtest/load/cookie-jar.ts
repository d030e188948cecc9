import { parseCookie } from "undici";

interface StoredCookie {
  value: string;
  path: string;
  /** Epoch ms; infinite for a cookie of the session. */
  untilMs: number;
}

/**
 * The cookies of one connection (RFC 6265). All requests go to one host, so Domain is not read; neither are Secure, HttpOnly and
 * SameSite, because the load test may reach over http what users reach over https.
 */
export class CookieJar {
  /** By name and path. The order is that of their creation. */
  readonly #cookies = new Map<string, StoredCookie & { name: string }>();

  /** Stores the cookies of a response. @param requestPath path of its request, with or without a query */
  store(setCookie: string | readonly string[] | undefined, requestPath: string, nowMs = Date.now()): void {
    if (setCookie === undefined) return;
    for (const line of typeof setCookie === "string" ? [setCookie] : setCookie) {
      const cookie = parseCookie(line);
      if (cookie === null || cookie.name === "") continue;
      const { name, value, maxAge, expires } = cookie;
      const path = cookie.path?.startsWith("/") ? cookie.path : defaultPath(requestPath);
      const untilMs =
        typeof maxAge === "number"
          ? nowMs + maxAge * 1000
          : expires === undefined || expires === null
            ? Number.POSITIVE_INFINITY
            : Number(expires);
      const key = `${name}\n${path}`;
      if (untilMs <= nowMs) this.#cookies.delete(key);
      else this.#cookies.set(key, { name, value, path, untilMs });
    }
  }

  /** Forgets all cookies. */
  clear(): void {
    this.#cookies.clear();
  }

  /** The Cookie header of a request; undefined: none. Cookies of longer paths come first. */
  header(requestPath: string, nowMs = Date.now()): string | undefined {
    const path = withoutQuery(requestPath);
    const sent = [...this.#cookies.values()]
      .filter((cookie) => cookie.untilMs > nowMs && matches(cookie.path, path))
      .sort((a, b) => b.path.length - a.path.length);
    return sent.length === 0 ? undefined : sent.map(({ name, value }) => `${name}=${value}`).join("; ");
  }
}

function withoutQuery(path: string): string {
  const query = path.indexOf("?");
  return query < 0 ? path : path.slice(0, query);
}

/** RFC 6265, 5.1.4. */
function defaultPath(requestPath: string): string {
  const path = withoutQuery(requestPath);
  const end = path.lastIndexOf("/");
  return end <= 0 ? "/" : path.slice(0, end);
}

function matches(cookiePath: string, path: string): boolean {
  return (
    path === cookiePath ||
    (path.startsWith(cookiePath) && (cookiePath.endsWith("/") || path[cookiePath.length] === "/"))
  );
}
