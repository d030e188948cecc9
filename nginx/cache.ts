import { cachedDigits, cacheZoneBytes } from "../config/cache-size.ts";
import { KiB } from "../config/units.ts";
import { cachedLocation, ownCacheControl, seconds } from "./cache-locations.ts";
import { type Directives, indented } from "./directives.ts";
import { errorResponses } from "./error-responses.ts";
import { hash } from "./hash.ts";
import { countedFills } from "./metrics.ts";
import { proxying } from "./proxying.ts";
import { retries } from "./retries.ts";
import { countedRequests } from "./retry-budget.ts";
import type { NginxSettings } from "./settings.ts";
import { tracing } from "./tracing.ts";

/** Address of the server that fetches the responses that are kept; only the pod itself reaches it. */
export const fillAddress = "127.0.0.1:8090";

/**
 * The cache's zone, its maps, and the server that fetches responses. Nginx serves a stale response without a limit, unless the
 * response itself has the limit: `stale-while-revalidate`. The server that fetches a response adds it.
 */
export function cache(settings: NginxSettings): Directives {
  const { paths, size } = settings.cache;
  if (paths.length === 0) return {};
  const inactive = Math.max(...paths.map(({ ttl, stale }) => seconds(ttl) + seconds(stale)));
  return {
    http: `proxy_cache_path /tmp/cache levels=1:2 keys_zone=edge:${cacheZoneBytes(settings.cache) / KiB}k max_size=${size} inactive=${inactive}s use_temp_path=off;
upstream edge_fill {
  server ${fillAddress} max_fails=0;
  keepalive 32;
}
# Credentials, bodies and WebSockets make a request one that only its client gets the response to. Nginx has no room for long keys.
map "$request_method:$request_uri $http_authorization$http_cookie$http_upgrade$http_transfer_encoding$content_length" $is_uncached {
  "~^(?:GET|HEAD):[^ ]{1,2000} $" "";
  default 1;
}
# Only a response of a known and small size is kept, so that the volume has room for all.
map $upstream_http_content_length $is_unkept {
  "~^\\d{1,${cachedDigits}}$" "";
  default 1;
}
map $upstream_http_cache_control $is_private {
  "~*no-store|private" "no-store, ";
}

${fillServer(settings)}`,
  };
}

/** It passes on the headers as the other server has set them, and no limit counts its requests. */
function fillServer(settings: NginxSettings): string {
  const log = countedFills(settings);
  const logs = [log, countedRequests(settings)].filter(({ server }) => server !== undefined);
  const concerns = [hash, proxying, retries, tracing, errorResponses];
  const noLog = logs.length === 0 ? [{ server: "access_log off;" }] : [];
  const shared = [...logs, ...noLog, ...concerns.map((concern) => concern(settings))];
  const locations = settings.cache.paths.map((cached) =>
    cachedLocation(
      cached,
      `proxy_pass http://api$api_path;
proxy_hide_header Cache-Control;
add_header Cache-Control "\${is_private}stale-while-revalidate=${seconds(cached.stale)}" always;
add_header ${ownCacheControl} $upstream_http_cache_control always;`,
    ),
  );
  const blocks = [...shared.flatMap(({ server }) => server ?? []), ...locations];
  return `${log.http === undefined ? "" : `${log.http}\n`}server {
  listen ${fillAddress} backlog=4096;
  server_name localhost;
  # Room for the headers that the other server has added.
  max_headers 2000;
  large_client_header_buffers 8 16k;

${blocks.map((block) => indented(block, 2)).join("\n\n")}
}`;
}
