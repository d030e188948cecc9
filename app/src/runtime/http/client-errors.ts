import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { errorBody, jsonType } from "./http-errors.ts";
import type { RequestIds } from "./request-id.ts";

/** Node's and llhttp's codes for what cannot be read as HTTP; every other is a plain bad request. */
const answers: Record<string, [status: number, message: string]> = {
  HPE_HEADER_OVERFLOW: [431, "the headers are larger than what is taken here"],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "the chunk extensions are larger than what is taken here"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request did not arrive in time"],
};
const unreadable: [number, string] = [400, "the request is not HTTP as this server speaks it"];

export interface ClientErrorParts {
  requestIds: Pick<RequestIds, "next">;
  /** Told of every answer given here, which no route sees. */
  count(status: number): void;
}

/** The answer to a connection that does not speak HTTP, too slowly, or with headers too large. Node calls it. */
export function clientErrorHandler({ requestIds, count }: ClientErrorParts) {
  return (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (error.code === "ECONNRESET" || !socket.writable || isAnswered(socket, error.code)) {
      socket.destroy();
      return;
    }
    const [status, message] = answers[error.code ?? ""] ?? unreadable;
    answerRaw(socket, status, message, requestIds.next());
    count(status);
  };
}

/** Answers what Node passes by the request listener: CONNECT, and an Expect that is not 100-continue. */
export function answerUnusualRequests(server: Server, { requestIds, count }: ClientErrorParts): void {
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    socket.on("error", () => socket.destroy());
    answerRaw(socket, 405, "this is no proxy", requestIds.next());
    count(405);
  });
  server.on("checkExpectation", (_request: IncomingMessage, response: ServerResponse) => {
    const id = requestIds.next();
    const body = errorBody(417, "the only expectation that is met here is 100-continue", id);
    response.writeHead(417, {
      "content-type": jsonType,
      "content-length": Buffer.byteLength(body),
      "x-request-id": id,
    });
    response.end(body);
    count(417);
  });
}

/**
 * Whether an answer is on its way already, into which a second one would fall (Node asks the same of the same field), or
 * the client has its answer and does not care to send the rest of the request.
 */
function isAnswered(
  socket: Duplex & { _httpMessage?: ServerResponse; bytesWritten?: number },
  code = "",
): boolean {
  const isEnd = code === "HPE_INVALID_EOF_STATE" && (socket.bytesWritten ?? 0) > 0;
  return isEnd || (socket._httpMessage?.headersSent ?? false);
}

function answerRaw(socket: Duplex, status: number, message: string, requestId: string): void {
  const body = errorBody(status, message, requestId);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n` +
      `Content-Type: ${jsonType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `X-Request-ID: ${requestId}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
