import {
  type BrokenRequest,
  chunked,
  get,
  host,
  named,
  next,
  noChunks,
  post,
  received,
  receivedGet,
  receivedNext,
  shown,
} from "./broken-request.ts";

/** Headers about the length of the body `0\r\n\r\n`. */
const codings: [status: number, ...headers: string[]][] = [
  [400, "Content-Length: 5", chunked],
  [400, chunked, "Content-Length: 5"],
  [400, chunked, "Transfer-Encoding: identity"],
  [400, "Transfer-Encoding: identity", chunked],
  [400, chunked, chunked],
  [501, "Transfer-Encoding: xchunked", "Content-Length: 5"],
  [501, "Transfer-Encoding: chunked, identity"],
  [501, "Transfer-Encoding: identity, chunked"],
  [501, "Transfer-Encoding: chunked, chunked"],
  [501, "Transfer-Encoding: gzip, chunked"],
  [501, "Transfer-Encoding: chunked,"],
  [501, 'Transfer-Encoding: "chunked"'],
  [501, "Transfer-Encoding:"],
  [501, "Transfer-Encoding:\tchunked"],
  [501, "Transfer-Encoding: chunked\t"],
  [501, "Transfer-Encoding: \x0bchunked"],
  [501, "Transfer-Encoding: \xffchunked"],
  [400, "Transfer-Encoding : chunked", "Content-Length: 5"],
  [400, "Transfer-Encoding\t: chunked", "Content-Length: 5"],
  [400, "X: y", " Transfer-Encoding: chunked", "Content-Length: 5"],
  [400, "X: y", "\tTransfer-Encoding: chunked", "Content-Length: 5"],
  [400, "Transfer-Encoding:", " chunked", "Content-Length: 5"],
  [400, "X: y\rTransfer-Encoding: chunked", "Content-Length: 5"],
  [400, "Transfer\0-Encoding: chunked", "Content-Length: 5"],
  [400, " Transfer-Encoding: chunked", "Content-Length: 5"],
];
/** Lengths of the body `hello`. */
const lengths = [
  ["5", "5"],
  ["5", "6"],
  ...[
    "5, 5",
    "+5",
    "-5",
    "0x5",
    "5 5",
    "5;",
    "",
    "1e1",
    "5\t",
    "\x0b5",
    "5.0",
    "18446744073709551621",
    "\xb5",
  ].map((value) => [value]),
];
/** Chunked bodies that are none. */
const chunks = [
  "0x5\r\nhello",
  " 5\r\nhello",
  "+5\r\nhello",
  "5\nhello",
  "5;\nhello",
  "FFFFFFFFFFFFFFFF5\r\nhello",
];

/** Requests whose bodies parsers have ended in different places. */
export const lengthCases: readonly BrokenRequest[] = [
  ...codings.map(([status, ...headers]) => named(shown(headers.join("\n")), post(headers, noChunks), status)),
  ...lengths.map((values) => {
    const headers = values.map((value) => `Content-Length: ${value}`);
    return named(shown(headers.join("\n")), post(headers, `hello${next}`), 400);
  }),
  named("a blank before the colon of a length", post(["Content-Length : 5"], `hello${next}`), 400),
  ...chunks.map((body) => named(`the chunk ${shown(body)}`, post([chunked], `${body}\r\n${noChunks}`), 400)),
  named("a chunk without an end", post([chunked], `5\r\nhello${noChunks}`), 400),
  named("a chunk with another end", post([chunked], `5\r\nhelloXX${noChunks}`), 400),
  named("no size of a chunk", post([chunked], `\r\n${noChunks}`), 400),
  named("chunks of HTTP/1.0", post([chunked], noChunks, "/api/=ID=/a", "HTTP/1.0"), 400),
  ...[
    "Transfer-Encoding: chunKED",
    "Transfer-Encoding:chunked",
    "Transfer-Encoding: chunked  ",
    `${chunked}\nX: y`,
  ].map((header) => named(shown(header), post([header], noChunks), received(), receivedNext)),
  named(
    "a length with a zero",
    post(["Content-Length: 05"], `hello${next}`),
    received("hello"),
    receivedNext,
  ),
  named(
    "a coding with an underscore",
    post(["Transfer_Encoding: chunked", "Content-Length: 5"], noChunks),
    received("0\r\n\r\n"),
    receivedNext,
  ),
  named("a length with an underscore", post(["Content_Length: 50"], next), received(), receivedNext),
  named(
    "a chunk with an extension",
    post([chunked], `5;a=b\r\nhello\r\n${noChunks}`),
    received("hello"),
    receivedNext,
  ),
  named(
    "a blank after a chunk's size",
    post([chunked], `5 \r\nhello\r\n${noChunks}`),
    received("hello"),
    receivedNext,
  ),
  named(
    "trailers",
    post([chunked], `5\r\nhello\r\n0\r\nContent-Length: 9\r\nX: y\r\n\r\n${next}`),
    received("hello"),
    receivedNext,
  ),
  named(
    "chunks of an upload",
    post([chunked], `5;a\r\nhello\r\n${noChunks}`, "/api/upload?=ID="),
    "POST /upload?=ID= hello",
    receivedNext,
  ),
  named(
    "a GET with a body",
    `${get("/api/=ID=/a", [host, "Content-Length: 5"])}hello${next}`,
    `${receivedGet}hello`,
    receivedNext,
  ),
  named(
    "a length named as a header of the connection",
    post(["Content-Length: 5", "Connection: Content-Length"], `hello${next}`),
    received("hello"),
    receivedNext,
  ),
  ...["100-continue", "200-ok"].map((value) =>
    named(
      `Expect: ${value}`,
      post(["Content-Length: 5", `Expect: ${value}`], `hello${next}`),
      received("hello"),
      receivedNext,
    ),
  ),
  named(
    "another protocol to upgrade to",
    get("/api/=ID=/a", [
      host,
      "Connection: Upgrade, HTTP2-Settings",
      "Upgrade: h2c",
      "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    ]) + next,
    receivedGet,
    receivedNext,
  ),
  named(
    "a body of an unknown path",
    post([`Content-Length: ${next.length}`], next, "/=ID=") + next,
    404,
    receivedNext,
  ),
  named("a body that is too large", post(["Content-Length: 99999999"], next), 413),
];
