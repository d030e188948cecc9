/** Bytes that a client sends on one connection, and what must come of them. `=ID=` stands for a text of the same length. */
export interface BrokenRequest {
  what: string;
  bytes: string;
  /**
   * The responses in their order: a status is an error of the gateway, a text the request that a pod received, as method,
   * address and body.
   */
  responses: readonly (number | string)[];
}

/** The header of every request that needs one. */
export const host = "Host: edge.test";
const lines = (...all: string[]): string => all.map((line) => `${line}\r\n`).join("");
/** Bytes of a GET with these headers. */
export const get = (target: string, headers = [host], version = "HTTP/1.1"): string =>
  lines(`GET ${target} ${version}`, ...headers, "");
/** Bytes of a POST with these headers besides its Host, and a body as it is. */
export const post = (headers: string[], body: string, target = "/api/=ID=/a", version = "HTTP/1.1"): string =>
  `${lines(`POST ${target} ${version}`, host, ...headers, "")}${body}`;
/** So many headers. */
export const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `X-${index}: y`);

/** A request that nobody must take for a part of the one before it, or for a request where it is a part of it. */
export const next = get("/api/=ID=/next");
/** What a pod receives of the POST, with this body. */
export const received = (text = ""): string => `POST /=ID=/a ${text}`;
/** What a pod receives of the GET. */
export const receivedGet = "GET /=ID=/a ";
/** What a pod receives of the request `next`. */
export const receivedNext = "GET /=ID=/next ";
/** A chunked body that is empty, and a request after it; with `Content-Length: 5` the request would be a body. */
export const noChunks = `0\r\n\r\n${next}`;
/** The header of a body in chunks. */
export const chunked = "Transfer-Encoding: chunked";

/** Names bytes and the responses to them. */
export const named = (what: string, bytes: string, ...responses: (number | string)[]): BrokenRequest => ({
  what,
  bytes,
  responses,
});
/** The text in a name: without control characters, and not too long. */
export const shown = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
