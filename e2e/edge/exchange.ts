import { connect } from "node:net";

/** A response on a connection that has several. */
export interface Response {
  status: number;
  headers: Map<string, string>;
  body: string;
}

/** What a connection carried until the server closed it. */
export interface Exchange {
  responses: Response[];
  /** Bytes after the last response; a response without headers is here, too. */
  rest: string;
  /** Whether the server closed the connection within the time. */
  isClosed: boolean;
}

/**
 * Sends bytes on a connection of its own, and reads until the server closes it.
 *
 * @param port port on the loopback address.
 * @param parts bytes as characters from 0 to 255, each part in a packet of its own.
 */
export async function exchange(port: number, parts: readonly string[], limitMs = 30_000): Promise<Exchange> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const chunks: Buffer[] = [];
  let isClosed = false;
  const ended = new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      // The server has closed the connection without reading everything.
      isClosed = code === "ECONNRESET" || code === "EPIPE";
      resolve();
    });
    socket.on("end", () => {
      isClosed = true;
    });
    socket.on("close", () => resolve());
    setTimeout(() => socket.destroy(), limitMs).unref();
  });
  for (const part of parts) {
    if (socket.destroyed) break;
    await new Promise<void>((resolve) => socket.write(part, "latin1", () => resolve()));
  }
  await ended;
  return { ...readResponses(Buffer.concat(chunks).toString("latin1")), isClosed };
}

/** Reads responses with a Content-Length, or none for an interim response and one to HEAD. */
function readResponses(text: string): Pick<Exchange, "responses" | "rest"> {
  const responses: Response[] = [];
  let rest = text;
  for (;;) {
    const end = rest.indexOf("\r\n\r\n");
    const [first = "", ...lines] = rest.slice(0, Math.max(end, 0)).split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1] ?? 0);
    if (end < 0 || status === 0) return { responses, rest };
    const headers = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    rest = rest.slice(end + 4);
    const length = Number(headers.get("content-length") ?? 0);
    // A response to HEAD has a length and no body; the next response then begins at once.
    const body = rest.startsWith("HTTP/1.1 ") ? "" : rest.slice(0, length);
    rest = rest.slice(body.length);
    if (status >= 200) responses.push({ status, headers, body });
  }
}
