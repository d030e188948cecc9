import type { ApiPaths } from "../config/api-paths.ts";
import type { Directives } from "./directives.ts";
import type { NginxSettings } from "./settings.ts";

/** The API's own path of a request, and whether it is hidden from clients. */
export function apiPath({ paths }: Pick<NginxSettings, "paths">): Directives {
  const { base } = paths;
  const without = base === "" ? "" : ", without the prefix";
  const maps = [
    `# The path and the query as they were sent${without}; empty refuses ${base === "" ? "fragments" : `all but ${base}/, and fragments`}.
map $request_uri $api_path {
  "~^${asSent(base)}(/[^#]*)$" $1;
}`,
    ...(paths.hidden.length === 0 ? [] : [hiddenMap(paths)]),
  ];
  return { http: maps.join("\n") };
}

/**
 * Refuses what is not the API's: a path must be below the prefix as it was sent and also without its dot segments, and hidden
 * paths are refused in both forms. HTTP/0.9, which does not name its version, has no status: its clients could not distinguish
 * an error from a response.
 */
export function refusals({ paths }: Pick<NginxSettings, "paths">): string {
  const hidden = paths.hidden.length === 0 ? "" : "if ($is_hidden) {\n  return 404;\n}\n";
  return `if ($api_path = "") {
  return 404;
}
${hidden}if ($server_protocol = "") {
  return 400;
}`;
}

/** Message of a 404 of the gateway. */
export function notServed({ base, hidden }: ApiPaths): string {
  if (base === "") return "this path is not served to clients";
  return `the API lives under ${base}/${hidden.length === 0 ? "" : ", without the paths of its probes and metrics"}`;
}

/** What a server may read as a slash, and as the beginning of parameters, in a path as it was sent. */
const slash = "(?:/|%2f|%5c)";
const semicolon = "(?:;|%3b)";

/** Slashes with parameters of the segment before each. Without `++`, a long path would not fit into the stack of PCRE's JIT. */
const slashes = `(?:(?:${semicolon}(?:(?!%2f|%5c)[^/? ])*+)?${slash})++`;

/** A host, which a program that reads the path as an address takes from its beginning. */
const host = "(?://+[^/? ]+(?=/))?";

/** Paths as they were sent that servers read in ways too different to know whether they mean a hidden path. */
const ambiguous = [
  // A backslash, which is a slash in the URLs of browsers and Node.js, and is not allowed in a path.
  String.raw`^[^? ]*\x5c`,
  // An escaped slash in parameters: some servers remove these before they decode.
  "^[^?; ]*;[^? ]*%2f",
  // Dot segments together with anything that decides about what they remove: parameters, empty segments, escaped slashes.
  String.raw`^(?=[^? ]*(?:${semicolon}|//|%2f|%5c))[^? ]*${slash}(?:\.|%2e){1,2}(?:${slash}|${semicolon}|[? ])`,
];

/**
 * Whether a request asks for a hidden path or one below it. Servers differ in what they make of upper case, repeated slashes,
 * backslashes, parameters after a semicolon, escapes and dot segments, so both forms of the path count: as it was sent, and as
 * Nginx reads it. A public path passes only when both are exactly that path. Each expression takes a time that is linear in the
 * length of the path.
 */
function hiddenMap({ base, hidden, public: passed }: ApiPaths): string {
  const exact = passed.map((path) => `  "~^${escaped(path)}(?:\\?[^ ]*)? ${base}${escaped(path)}$" "";`);
  const forms = hidden
    .map((path) => path.replace(/\/$/, ""))
    .flatMap((path) => [
      `^${host}${asSent(path).replaceAll("/", slashes)}(?:[/;? ]|%2f|%3b|%5c)`,
      `^[^ ]* ${base}${escaped(path)}(?:[/;]|$)`,
    ]);
  const refused = [...new Set([...ambiguous, ...forms])].map((form) => `  "~*${form}" 1;`);
  return `# Paths that clients cannot request; the first match counts. An address as it was sent has no space.
map "$api_path $uri" $is_hidden {
${[...exact, ...refused].join("\n")}
  "~^" "";
  # An expression that Nginx could not compare.
  default 1;
}`;
}

/** A regular expression for a path as it may be sent: each character may be percent-encoded. */
function asSent(path: string): string {
  return path.replace(/[^/]/g, (character) => `(?:${escaped(character)}|%${hexOf(character)})`);
}

function hexOf(character: string): string {
  return character.charCodeAt(0).toString(16);
}

/** The text of a path in a regular expression. */
export function escaped(text: string): string {
  return text.replace(/[.+]/g, "\\$&");
}
