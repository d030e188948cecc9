import { mapOf } from "../options/collections.ts";
import { text } from "../options/scalars.ts";

/** Name of a header: words that begin with a capital letter. */
const headerName = {
  pattern: /^(?=.{1,64}$)[A-Z][A-Za-z0-9]*(?:-[A-Z0-9][A-Za-z0-9]*)*$/,
  rule: 'must be the name of a header like "Referrer-Policy": letters, digits and dashes, each word with a capital, at most 64',
};

/** Nginx has no way to write a `$` that does not begin a variable. */
const headerValue = {
  pattern: /^(?:[!-#%-~](?:[ -#%-~]{0,1498}[!-#%-~])?)?$/,
  rule: "must be at most 1500 ASCII characters without line breaks, `$`, and blanks at the ends",
};

/**
 * Headers that Nginx or the API set themselves, or that describe the connection or the body: a second value of them
 * changes what the response means. In lower case.
 */
export const reservedHeaders: readonly string[] = [
  "accept-ranges",
  "age",
  "allow",
  "alt-svc",
  "cache-control",
  "connection",
  "content-encoding",
  "content-length",
  "content-location",
  "content-range",
  "content-type",
  "date",
  "etag",
  "expires",
  "keep-alive",
  "last-modified",
  "link",
  "location",
  "proxy-authenticate",
  "retry-after",
  "server",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "vary",
  "www-authenticate",
  "x-edge-cache-control",
  "x-edge-cache-status",
  "x-request-id",
];

/** Headers that browsers protect users by. */
export const securityHeaders = mapOf(headerName, text({ ...headerValue, doc: "Value of the header." }), {
  default: {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "frame-ancestors 'none'",
  },
  doc: "Headers of every response, also of Nginx's own, that the API does not send itself. They come in addition to `X-Content-Type-Options: nosniff`, `Referrer-Policy: no-referrer` and `Content-Security-Policy: frame-ancestors 'none'`; an empty value removes one of these.",
});
