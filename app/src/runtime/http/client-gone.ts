import type { ServerResponse } from "node:http";

/** Aborts when the connection closes before the answer was sent: nobody waits for it any more. */
export function clientGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  // The request's own "close" comes as soon as its body was read.
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}
