import type { Directives } from "./directives.ts";
import { hstsHeader, hstsMaps } from "./hsts.ts";
import type { NginxSettings } from "./settings.ts";

type HeaderSettings = Pick<NginxSettings, "securityHeaders" | "tls">;

/**
 * Adds the security headers to every response, except those that the pod has sent itself. A map without a regular
 * expression decides that, and only when a response is sent.
 */
export function securityHeaders(settings: HeaderSettings): Directives {
  const headers = sentHeaders(settings);
  const hsts = hstsHeader(settings, "$own_hsts");
  if (headers.length + hsts.length === 0) return {};
  // Numbered, because Nginx has little room for long names of variables.
  const sent = (name: string): string => `$upstream_http_${name.toLowerCase().replaceAll("-", "_")}`;
  return {
    http: [
      ...headers.map(
        ([name, value], index) => `map ${sent(name)} $own_header_${index} {\n  "" ${quoted(value)};\n}`,
      ),
      ...hstsMaps(settings),
    ].join("\n"),
    server: [
      "# A location with headers of its own has these, too.",
      "add_header_inherit merge;",
      ...headers.map(([name], index) => `add_header ${name} $own_header_${index} always;`),
      ...hsts,
    ].join("\n"),
  };
}

/**
 * The directives for a location of errors. Its response has all headers, whatever a pod sent before: Nginx may have read a
 * part of a response that it then did not pass on. They replace those of the server, also in an `if` of the location.
 */
export function errorHeaders(settings: HeaderSettings): string {
  const lines = sentHeaders(settings).map(([name, value]) => `add_header ${name} ${quoted(value)} always;`);
  return ["add_header_inherit on;", ...lines, ...hstsHeader(settings, "$hsts")].join("\n");
}

function sentHeaders({ securityHeaders }: HeaderSettings): [name: string, value: string][] {
  return Object.entries(securityHeaders).filter(([, value]) => value !== "");
}

/** A text as Nginx reads it between double quotes. It has no `$`, which would begin a variable. */
function quoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}
