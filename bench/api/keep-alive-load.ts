import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A load over connections that stay open, each with one request at a time. */
export interface LoadOptions {
  port: number;
  /** Requested in turns. All responses must have equal length. */
  paths: readonly string[];
  connections: number;
  durationMs: number;
  /** Pause of a connection after a response (default: none). */
  pauseMs?: number;
  /** Called with the latency of each request in ms. */
  onAnswer?: (ms: number) => void;
}

/** The format of the ids that Nginx generates. A server that generates its own id would respond with more bytes. */
const requestId = "0123456789abcdef0123456789abcdef";

/**
 * Sends requests until the time is over and waits for the last responses. It only counts bytes, which takes a fraction of
 * the server's CPU time: two CPUs are enough to keep the server busy.
 *
 * @returns the number of responses
 * @throws {Error} when a response has a status other than 200 or another length than the first, or a connection breaks
 */
export async function load(options: LoadOptions): Promise<number> {
  const { answerBytes } = await probe(options.port, options.paths[0] ?? "/");
  const untilMs = performance.now() + options.durationMs;
  const counts = await Promise.all(
    Array.from({ length: options.connections }, (_, index) => drive(options, index, answerBytes, untilMs)),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Sends one request; returns the response's head, body and length in bytes. @throws {Error} when the status is not 200 */
export async function probe(
  port: number,
  path: string,
): Promise<{ head: string; body: string; answerBytes: number }> {
  const socket = await open(port);
  socket.write(requestFor(path));
  let text = "";
  try {
    for await (const chunk of socket) {
      text += (chunk as Buffer).toString("latin1");
      const headEnd = text.indexOf("\r\n\r\n") + 4;
      const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1];
      if (headEnd >= 4 && length !== undefined && text.length >= headEnd + Number(length)) break;
    }
  } finally {
    socket.destroy();
  }
  if (!text.startsWith("HTTP/1.1 200 "))
    throw new Error(`GET ${path}: expected status 200, got: ${text.slice(0, 300)}`);
  const headEnd = text.indexOf("\r\n\r\n") + 4;
  return { head: text.slice(0, headEnd), body: text.slice(headEnd), answerBytes: text.length };
}

async function drive(
  options: LoadOptions,
  first: number,
  answerBytes: number,
  untilMs: number,
): Promise<number> {
  const { port, paths, pauseMs = 0, onAnswer } = options;
  const requests = paths.map(requestFor);
  const socket = await open(port);
  let count = 0;
  let received = 0;
  let sentMs = 0;
  await new Promise<void>((resolve, reject) => {
    const send = () => {
      sentMs = performance.now();
      if (sentMs >= untilMs) return resolve();
      socket.write(requests[(first + count) % requests.length] ?? "");
    };
    socket.on("data", (chunk) => {
      // A response starts a chunk, because a connection has only one request at a time.
      if (received === 0 && chunk.toString("latin1", 9, 12) !== "200")
        return reject(new Error(`a response starts with: ${chunk.toString("latin1", 0, 80)}`));
      received += chunk.length;
      if (received < answerBytes) return;
      if (received > answerBytes)
        return reject(new Error(`a response has ${received} bytes, the first had ${answerBytes}`));
      received = 0;
      count++;
      onAnswer?.(performance.now() - sentMs);
      if (pauseMs > 0) setTimeout(send, pauseMs);
      else send();
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the server closed a connection")));
    send();
  });
  socket.destroy();
  return count;
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  return socket;
}

function requestFor(path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-request-id: ${requestId}\r\n\r\n`;
}
