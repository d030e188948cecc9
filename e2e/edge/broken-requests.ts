import { lengthCases } from "./broken-lengths.ts";
import {
  type BrokenRequest,
  get,
  host,
  many,
  named,
  next,
  post,
  received,
  receivedGet,
  receivedNext,
  shown,
} from "./broken-request.ts";

/** Addresses that do not reach a pod. */
const refusedTargets: [status: number, ...targets: string[]][] = [
  [400, "api/=ID=/a", "?/api/=ID=/a", "*", "http:///api/=ID=/a", "http://u:p@edge.test/api/=ID=/a"],
  [
    400,
    "/api/=ID=/a b",
    "/api/=ID=/a\x01",
    "/api/=ID=/a\x7f",
    "/api/=ID=/\0",
    "/api/=ID=/%00",
    "/api/=ID=/%zz",
    "/api/../../=ID=",
  ],
  [
    404,
    "http://edge.test",
    "http://edge.test?/api/=ID=/a",
    "//api/=ID=/a",
    "/api%2F=ID=/a",
    "/healthz/../api/=ID=/a",
  ],
  [
    404,
    "/api/../=ID=",
    "/api/%2e%2e/=ID=",
    "/api/=ID=/../../=ID=",
    "/api/=ID=/%2e%2e/%2E./=ID=",
    "/api/..//=ID=",
  ],
  [404, "/api/=ID=/a#b", "/api/upload#=ID=", "/api/#/../../=ID="],
];
/** Addresses that reach a pod as they are, without /api. */
const keptTargets = [
  "//=ID=/a",
  "/=ID=%2Fa",
  "/..;/=ID=/a",
  "/=ID=\\a",
  "/=ID=/..\\..\\x",
  "/x/../=ID=/a",
  "/=ID=/%2e%2e/x",
  "/=ID=/a?b=%00&c=../../x",
];

const addressCases: BrokenRequest[] = [
  ...refusedTargets.flatMap(([status, ...targets]) =>
    targets.map((target) => named(shown(target), get(target), status)),
  ),
  ...keptTargets.map((target) =>
    named(shown(`/api${target}`), get(`/api${target}`) + next, `GET ${target} `, receivedNext),
  ),
  ...["http://edge.test", "http://other.test:99", "https://edge.test", "ftp://edge.test"].map((origin) =>
    named(
      `an address that begins with ${origin}`,
      get(`${origin}/api/=ID=/a`) + next,
      receivedGet,
      receivedNext,
    ),
  ),
  ...["a, b", "a b", "a@b", "a/b", 'a"b', "a:b", "a:99999999", "\xff", "", "a\0"].map((value) =>
    named(`the Host ${shown(value)}`, get("/api/=ID=/a", [`Host: ${value}`]) + next, 400),
  ),
  named("two Hosts", get("/api/=ID=/a", [host, "Host: b"]) + next, 400),
  named("no Host", get("/api/=ID=/a", []) + next, 400),
];

const lineCases: BrokenRequest[] = [
  ...["HTTP/2.0", "HTTP/3.0"].map((version) =>
    named(version, get("/api/=ID=/a", [host], version) + next, 505),
  ),
  ...["HTTP/01.1", "HTTP/1.", "HTTP/1.1x", "http/1.1", "HTTP", "HTTP/1"].map((version) =>
    named(`the version ${version}`, get("/api/=ID=/a", [host], version) + next, 400),
  ),
  named("HTTP/1.0", get("/api/=ID=/a", [], "HTTP/1.0") + next, receivedGet),
  named("HTTP/1.2", get("/api/=ID=/a", [host], "HTTP/1.2") + next, receivedGet, receivedNext),
  named("the preface of HTTP/2", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${next}`, 400),
  named("a tab after the method", `GET\t/api/=ID=/a HTTP/1.1\r\n${host}\r\n\r\n${next}`, 400),
  named("a blank before the method", ` ${get("/api/=ID=/a")}${next}`, 400),
  named("a method in lower case", `get /api/=ID=/a HTTP/1.1\r\n${host}\r\n\r\n${next}`, 400),
  named("carriage returns as the ends of lines", `GET /api/=ID=/a HTTP/1.1\r${host}\r\r${next}`, 400),
  named(
    "line feeds as the ends of lines",
    `GET /api/=ID=/a HTTP/1.1\n${host}\n\n${next}`,
    receivedGet,
    receivedNext,
  ),
  named(
    "empty lines before a request",
    `\r\n\r\n${get("/api/=ID=/a")}\r\n${next}`,
    receivedGet,
    receivedNext,
  ),
  named(
    "two blanks in the first line",
    `GET  /api/=ID=/a  HTTP/1.1\r\n${host}\r\n\r\n${next}`,
    receivedGet,
    receivedNext,
  ),
  named("10,000 headers", get("/api/=ID=/a", [host, ...many(10_000)]) + next, 431),
  named("101 headers", get("/api/=ID=/a", [host, ...many(100)]) + next, 431),
  named("100 headers", get("/api/=ID=/a", [host, ...many(99)]) + next, receivedGet, receivedNext),
  named("a header of 64 KiB", get("/api/=ID=/a", [host, `X: ${"x".repeat(65_536)}`]) + next, 431),
  named("an address of 64 KiB", get(`/api/=ID=/${"x".repeat(65_536)}`) + next, 414),
  ...[": x", "X Y: z", "X: a\0b", "X: a\rb"].map((line) =>
    named(`the header ${shown(line)}`, get("/api/=ID=/a", [host, line]) + next, 400),
  ),
  ...["nocolon", "X\xff: z", "X.Y: z"].map((line) =>
    named(
      `the header ${shown(line)}, which is dropped,`,
      get("/api/=ID=/a", [host, line]) + next,
      receivedGet,
      receivedNext,
    ),
  ),
  named(
    "three requests at once",
    get("/api/=ID=/1") + post(["Content-Length: 5"], "hello") + next,
    "GET /=ID=/1 ",
    received("hello"),
    receivedNext,
  ),
  named("a bad request among good ones", `${get("/api/=ID=/1")}BAD\r\n\r\n${next}`, "GET /=ID=/1 ", 400),
  named(
    "a bad length among good ones",
    get("/api/=ID=/1") + post(["Content-Length: x"], "") + next,
    "GET /=ID=/1 ",
    400,
  ),
];

/** Requests that parsers have read in different ways, or that no parser should read. */
export const brokenRequests: readonly BrokenRequest[] = [...lengthCases, ...addressCases, ...lineCases];

/** What a pod may refuse that the gateway passes on: bytes that HTTP does not allow, and that separate nothing. */
export const keptBytes: readonly BrokenRequest[] = [
  named("a byte above ASCII in the address", get("/api/=ID=/\xff"), "GET /=ID=/\xff "),
  named("a byte above ASCII in a header", get("/api/=ID=/a", [host, "X: \xff"]), receivedGet),
  named("a control character in a header", get("/api/=ID=/a", [host, "X: a\x01b"]), receivedGet),
  named("a method that Node.js does not know", `M-X /api/=ID=/a HTTP/1.1\r\n${host}\r\n\r\n`, "M-X /=ID=/a "),
];
