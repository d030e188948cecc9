import type { Directives } from "./directives.ts";
import type { NginxSettings } from "./settings.ts";

/** What a 405 names when every method reaches the API. Nginx itself refuses TRACE and CONNECT. */
const usualMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Value of the header Allow of a 405. */
export function allowedMethods({ methods = usualMethods }: Pick<NginxSettings, "methods">): string {
  return methods.join(", ");
}

/** Refuses the methods that are not to reach the API. */
export function methodLimit({ methods }: Pick<NginxSettings, "methods">): Directives {
  if (methods === undefined) return {};
  return {
    http: `map $request_method $method_is_refused {
  default 1;
${methods.map((method) => `  ${method} "";`).join("\n")}
}`,
    api: `if ($method_is_refused) {
  return 405;
}`,
  };
}
