import type { Server } from "node:http";

const closeIdleEveryMs = 50;

/**
 * From now on every response closes its connection: `Connection: close` makes the client send no further request on it,
 * so no connection has to be cut later.
 */
export function closeWithResponses(server: Server): void {
  server.prependListener("request", (_request, response) => {
    response.shouldKeepAlive = false;
  });
}

/**
 * Closes a server, and its connections when they become idle. A request that arrived before `closeWithResponses` has no
 * `Connection: close` in its response, so its client would keep the connection.
 *
 * @param close stops listening, and resolves when the last connection is closed
 */
export async function closeWhenIdle(server: Server, close: () => Promise<void>): Promise<void> {
  const timer = setInterval(() => server.closeIdleConnections(), closeIdleEveryMs);
  try {
    await close();
  } finally {
    clearInterval(timer);
  }
}
