import type { ServerResponse } from "node:http";

/** Returns a signal that aborts when the client disconnects before the response is complete. */
export function clientGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  // The request emits "close" as soon as its body has been read, so the response is observed instead
  // (docs/decisions.md#client-disconnects).
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}
