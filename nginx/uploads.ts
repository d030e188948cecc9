import type { NginxSettings } from "./settings.ts";

/** Path that uploads by PUT are redirected to; clients cannot reach it. */
export const putPath = "/.edge/put";

/** Allowance for the boundaries and headers of an upload's parts. */
const formBytes = 1024 ** 2;

/** Directives of the location of a path of uploads. */
export function upload(settings: NginxSettings): string {
  return `# Other methods have no body that is worth streaming.
if ($request_method !~ ^(?:POST|PUT|PATCH)$) {
  rewrite ^ ${settings.paths.base}/ last;
}
if ($request_method = PUT) {
  rewrite ^ ${putPath} last;
}
${streamed(settings)}
# Attempts of Nginx's own, because it reads the body only once. No pod but the last one receives any of it.
proxy_next_upstream error timeout;
proxy_next_upstream_tries 2;`;
}

/**
 * Directives of the location of uploads by PUT, without attempts of Nginx's own: Nginx would repeat a PUT whose body has come
 * with its headers, and at every pod whose connection was open.
 */
export function streamed({ uploadMax }: NginxSettings): string {
  return `proxy_request_buffering off;
# Longer than the API waits, whose 408 has a body; Nginx would only close the connection.
client_body_timeout 40s;
client_max_body_size ${uploadMax + formBytes};`;
}
