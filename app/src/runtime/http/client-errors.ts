import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { errorBody, jsonType } from "./http-errors.ts";
import type { RequestIds } from "./request-id.ts";

/** Responses by the error codes of Node.js and llhttp; any other code gets a 400. */
const responses: Record<string, [status: number, message: string]> = {
  HPE_HEADER_OVERFLOW: [431, "the request headers are too large"],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "the chunk extensions are too large"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request did not arrive in time"],
};
const unreadable: [number, string] = [400, "the request is not valid HTTP/1.1"];

/** Parts that the responses to unreadable requests use. */
export interface ClientErrorParts {
  requestIds: Pick<RequestIds, "next">;
  /** Called for every response sent here; no route counts them. */
  count(status: number): void;
}

/** Responds to requests that Node.js cannot read: not HTTP, too slow, or with headers that are too large. */
export function clientErrorHandler({ requestIds, count }: ClientErrorParts) {
  return (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (error.code === "ECONNRESET" || !socket.writable || hasResponse(socket, error.code)) {
      socket.destroy();
      return;
    }
    const [status, message] = responses[error.code ?? ""] ?? unreadable;
    respondRaw(socket, status, message, requestIds.next());
    count(status);
  };
}

/** Responds to requests that Node.js does not give to the request listener: CONNECT, and Expect other than 100-continue. */
export function answerUnusualRequests(server: Server, { requestIds, count }: ClientErrorParts): void {
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    socket.on("error", () => socket.destroy());
    respondRaw(socket, 405, "this server is not a proxy", requestIds.next());
    count(405);
  });
  server.on("checkExpectation", (_request: IncomingMessage, response: ServerResponse) => {
    const id = requestIds.next();
    const body = errorBody(417, "the only supported expectation is 100-continue", id);
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
 * Whether a response has been started, so that a second one would corrupt it (Node.js checks the same field), or the
 * client closed the connection after the response without sending the rest of its request.
 */
function hasResponse(
  socket: Duplex & { _httpMessage?: ServerResponse; bytesWritten?: number },
  code = "",
): boolean {
  const isEnd = code === "HPE_INVALID_EOF_STATE" && (socket.bytesWritten ?? 0) > 0;
  return isEnd || (socket._httpMessage?.headersSent ?? false);
}

function respondRaw(socket: Duplex, status: number, message: string, requestId: string): void {
  const body = errorBody(status, message, requestId);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n` +
      `Content-Type: ${jsonType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `X-Request-ID: ${requestId}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
