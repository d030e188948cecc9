import type { CachedPath } from "../config/sections/nginx-cache.ts";
import { KiB, type Milliseconds } from "../config/units.ts";
import { timeOf } from "./directive-times.ts";
import { indented } from "./directives.ts";
import { hostToPod } from "./host.ts";
import { responseHeaderBytes } from "./response-headers.ts";
import type { NginxSettings } from "./settings.ts";

/** Header with the API's Cache-Control, between the server that fetches a response and the one that keeps it. */
export const ownCacheControl = "X-Edge-Cache-Control";

/** The locations of the kept paths. @param blocks directives that requests to pods have, too */
export function cacheLocations(settings: NginxSettings, refused: string, limits: string): string[] {
  return settings.cache.paths.map((cached) =>
    cachedLocation(
      cached,
      `${refused}
if ($is_uncached) {
  rewrite ^ ${settings.paths.base}/ last;
}
${limits === "" ? "" : `${limits}\n`}proxy_pass http://edge_fill${settings.paths.base}$api_path;
proxy_redirect off;
proxy_read_timeout ${timeOf("proxy_read_timeout", longestFill(settings))};
# Room for the headers of a pod's response, and for those that the other server adds.
proxy_buffer_size ${(2 * responseHeaderBytes) / KiB}k;
proxy_busy_buffers_size ${(2 * responseHeaderBytes) / KiB}k;
proxy_cache edge;
proxy_cache_key "${keyOf(settings)}";
proxy_cache_valid 200 ${seconds(cached.ttl)}s;
proxy_cache_background_update on;
proxy_cache_lock on;
proxy_ignore_headers Expires;
proxy_no_cache $is_unkept;
proxy_hide_header Cache-Control;
proxy_hide_header ${ownCacheControl};
add_header Cache-Control $upstream_http_${ownCacheControl.toLowerCase().replaceAll("-", "_")} always;
# A kept response has the id of another request.
proxy_hide_header X-Request-ID;
add_header X-Request-ID $request_id_to_pod always;
add_header X-Edge-Cache-Status $upstream_cache_status always;`,
    ),
  );
}

/** Whatever the API may make its responses depend on, and that clients can set, beside what it names in Vary. */
function keyOf({ trustedProxies, proxyProtocol }: NginxSettings): string {
  const forwarded = ["proto", "host", "port", "prefix"].map((name) => `$kept_x_forwarded_${name}`);
  const origin = trustedProxies.length === 0 || proxyProtocol ? "$scheme" : forwarded.join("|");
  return `${origin}|${hostToPod}|$api_path`;
}

/** The location of a kept path. */
export function cachedLocation({ path }: CachedPath, text: string): string {
  return `location ${path.endsWith("/") ? "^~" : "="} ${path} {\n${indented(text, 2)}\n}`;
}

/** Every attempt to connect, and the responses of two pods. */
function longestFill({ connectTimeout, timeout }: NginxSettings): Milliseconds {
  return 4 * connectTimeout + 2 * timeout;
}

/** A time in whole seconds. */
export function seconds(milliseconds: Milliseconds): number {
  return Math.ceil(milliseconds / 1000);
}
