import { type ApiPaths, gatewayPaths } from "../config/api-paths.ts";
import { KiB } from "../config/units.ts";
import { refusals } from "./api-path.ts";
import { cacheLocations } from "./cache-locations.ts";
import { timeOf } from "./directive-times.ts";
import { type Directives, directivesOf, indented } from "./directives.ts";
import { hostToPod } from "./host.ts";
import { longLived, stream, webSocketPath } from "./long-lived.ts";
import { responseHeaderBytes } from "./response-headers.ts";
import type { NginxSettings } from "./settings.ts";
import { apiUpstream } from "./sticky-pools.ts";
import { putPath, streamed, upload } from "./uploads.ts";

/** What is set for each request that goes to a pod, and its time-outs. */
export function proxying(settings: NginxSettings): Directives {
  return {
    http: `# Only WebSockets: a pod that begins HTTP/2 would take requests that the gateway does not see.
map $http_upgrade $upgrade_to_pod {
  websocket websocket;
}
# With no Upgrade header the connection to the pod is kept open for the next request.
map $http_upgrade $connection_to_pod {
  websocket upgrade;
}
# An id that could break out of a line of JSON, or fill a log, is replaced.
map $http_x_request_id $request_id_to_pod {
  default $request_id;
  "~^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,128}$" $http_x_request_id;
}`,
    server: `proxy_http_version 1.1;
proxy_set_header Host ${hostToPod};
proxy_set_header X-Request-ID $request_id_to_pod;
proxy_set_header Upgrade $upgrade_to_pod;
proxy_set_header Connection $connection_to_pod;
${redirects(settings.paths)}
# The headers of a response, which Nginx reads in one piece; larger ones are a failure of the pod.
proxy_buffer_size ${responseHeaderBytes / KiB}k;
# A pod's response stays that of its request: another address would count as no attempt, and end in an HTML page.
proxy_ignore_headers X-Accel-Redirect;
# A slow client slows its response down; nothing of it is written to the volume.
proxy_max_temp_file_size 0;
proxy_connect_timeout ${timeOf("proxy_connect_timeout", settings.connectTimeout)};
proxy_send_timeout ${timeOf("proxy_send_timeout", settings.timeout)};
proxy_read_timeout ${timeOf("proxy_read_timeout", settings.timeout)};`,
  };
}

/** The locations whose requests go to pods, with the directives that the concerns have for them. */
export function apiLocations(settings: NginxSettings, concerns: readonly Directives[]): Directives {
  const { base, uploads } = settings.paths;
  const root = `${base}/`;
  const refused = refusals(settings);
  const all = directivesOf(concerns, "api", 0);
  const toPods = [all, directivesOf(concerns, "toPods", 0)].filter((text) => text !== "").join("\n");
  const webSocket = `if ($upgrade_to_pod) {
  rewrite ^ ${webSocketPath} last;
}`;
  const pass = `proxy_pass http://${apiUpstream(settings)}$api_path;`;
  const streams = [...new Set(settings.streamPaths.map((path) => (path === base ? root : path)))];
  // Without a location, Nginx would redirect `/api/events` to a path of streams `/api/events/`.
  const named = [...streams, ...settings.cache.paths.map(({ path }) => path), ...uploads];
  const redirected = named.filter((path) => path.endsWith("/")).map((path) => path.slice(0, -1));
  const kept = [...new Set(redirected)].filter((path) => ![base, ...named].includes(path));
  return {
    server: [
      ...(base === "" ? belowOwn() : outside(base)),
      ...(streams.includes(root) ? [] : [location(root, refused, webSocket, toPods, pass)]),
      ...streams.map((path) => location(`^~ ${path}`, refused, webSocket, toPods, pass, stream(settings))),
      ...kept.map((path) => location(`= ${path}`, refused, webSocket, toPods, pass)),
      ...cacheLocations(settings, refused, toPods),
      location(`= ${webSocketPath}`, "internal;", toPods, pass, longLived(settings.webSocketTimeout)),
      ...uploads.map((path) => {
        const match = `${path.endsWith("/") ? "^~" : "="} ${path}`;
        return `# Streamed to the pod as it comes, so that neither disk nor memory here has to hold it.
${location(match, refused, all, pass, upload(settings))}`;
      }),
      ...(uploads.length === 0 ? [] : [location(`= ${putPath}`, "internal;", all, pass, streamed(settings))]),
    ].join("\n\n"),
  };
}

/** Pods know their paths without the prefix. */
function redirects({ base }: ApiPaths): string {
  if (base === "") return "proxy_redirect off;";
  return `# Pods know their paths without the prefix.
proxy_redirect ~^(/(?!/).*)$ ${base}$1;`;
}

/** What is not below the prefix. */
function outside(base: string): string[] {
  return [
    `# The path must be below ${base}/ as it was sent, and also without its dot segments.
${location("/", "return 404;")}`,
    `# Without this location, Nginx would redirect to ${base}/.
${location(`= ${base}`, "return 404;")}`,
  ];
}

/** What is below the gateway's own paths, and has no location of its own. */
function belowOwn(): string[] {
  return gatewayPaths.map((path) => location(`^~ ${path}/`, "return 404;"));
}

/** Blocks of directives in a location. */
function location(match: string, ...blocks: string[]): string {
  const text = blocks.filter((block) => block !== "").join("\n");
  return `location ${match} {\n${indented(text, 2)}\n}`;
}
