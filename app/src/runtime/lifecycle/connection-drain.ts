import type { Server } from "node:http";

const lookForIdleEveryMs = 50;

/**
 * From now on every answer takes its connection along: it says `Connection: close`, so that the client sends nothing more
 * on it, and none has to be cut later.
 */
export function closeWithAnswers(server: Server): void {
  server.prependListener("request", (_request, response) => {
    response.shouldKeepAlive = false;
  });
}

/**
 * Closes a server, and its connections as they become idle: one whose request came before `closeWithAnswers` was not told
 * to close, and would be kept for the next.
 *
 * @param close stops listening, and resolves when the last connection is gone
 */
export async function closeWhenIdle(server: Server, close: () => Promise<void>): Promise<void> {
  const timer = setInterval(() => server.closeIdleConnections(), lookForIdleEveryMs);
  try {
    await close();
  } finally {
    clearInterval(timer);
  }
}
