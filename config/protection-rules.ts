import { checkClientAddress } from "./client-address-rules.ts";
import type { Report } from "./options/option.ts";
import type { NginxConfig } from "./sections/nginx.ts";
import { reservedHeaders } from "./sections/nginx-headers.ts";

/** Most bytes of all security headers together: clients and proxies take 8 KiB of headers, the API's own among them. */
const maxHeaderBytes = 4096;
const maxHeaders = 32;

/** Reports every broken rule of the options that protect the API: limits of each client, and security headers. */
export function checkProtection(nginx: NginxConfig, report: Report): void {
  checkClientAddress(nginx, report);
  checkHeaders(nginx.securityHeaders, report);
}

function checkHeaders(headers: NginxConfig["securityHeaders"], report: Report): void {
  const names = Object.keys(headers);
  for (const [index, name] of names.entries()) {
    const path = `nginx.securityHeaders.${name}`;
    const value = headers[name];
    if (reservedHeaders.includes(name.toLowerCase())) {
      report({
        path,
        value,
        rule: "is not a security header: Nginx or the API sets it for each response",
        fix: "remove the key",
      });
    }
    const first = names.findIndex((other) => other.toLowerCase() === name.toLowerCase());
    if (first < index) {
      report({
        path,
        value,
        rule: `is the same header as ${names[first]}`,
        fix: `write it as ${names[first]}`,
      });
    }
  }
  const bytes = Object.entries(headers).reduce(
    (sum, [name, value]) => sum + name.length + value.length + 4,
    0,
  );
  if (bytes > maxHeaderBytes || names.length > maxHeaders) {
    report({
      path: "nginx.securityHeaders",
      value: undefined,
      rule: `must be at most ${maxHeaders} headers of ${maxHeaderBytes} bytes in all, but are ${names.length} of ${bytes} bytes`,
      fix: "remove headers, or shorten their values",
    });
  }
}
