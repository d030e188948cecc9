import type { Balance, NginxConfig } from "../config/sections/nginx.ts";
import type { Bytes, Milliseconds } from "../config/units.ts";

/** Everything that nginx.conf is rendered from: the `nginx` section of stack config, and facts of the deployment. */
export interface NginxSettings extends NginxConfig {
  pools: UpstreamPool[];
  /** Address of the DNS server that resolves the pools' host names. */
  resolver: string;
  /** Maximum size of a single upload, without its form's boundaries and headers. */
  uploadMax: Bytes;
}

/** All addresses of one host name; each of them gets the weight. */
export interface UpstreamPool {
  /** `host:port`. */
  server: string;
  podWeight: number;
  backup: boolean;
}

/** Port that Nginx listens on in its container. */
export const nginxPort = 8080;

/** Allowance for the boundaries and headers of an upload's parts. */
const formBytes = 1024 ** 2;

/**
 * Idle time after which Nginx closes a connection to a pod, in milliseconds. The API keeps an idle connection for longer.
 * Otherwise Nginx could send a request on a connection that the API just closed.
 */
export const upstreamIdleMs = 55_000;

const balanceLines: Record<Balance, (settings: NginxSettings) => string[]> = {
  "round-robin": () => [],
  "least-conn": () => ["least_conn;"],
  "random-two": () => ["random two least_conn;"],
  "ip-hash": () => ["ip_hash;"],
  hash: (settings) => [`hash ${settings.hashKey} consistent;`],
  "least-time": () => ["least_time header;"],
};

/**
 * Renders the gateway's nginx.conf. Nginx passes `/api/…` to the API pods without the prefix, answers `/healthz` itself,
 * and answers every other path with 404. It follows changes of the pods' DNS records within about two seconds, without a
 * reload (Nginx ≥ 1.27.3). Equal settings give equal text.
 *
 * @see docs/decisions.md#edge-error-pages
 */
export function renderNginxConf(settings: NginxSettings): string {
  const workers = Math.max(1, Math.ceil(settings.cpu / 1000));
  return `daemon off;
pid /tmp/nginx.pid;
error_log stderr warn;
worker_processes ${workers};
# Room for connections, temporary files and logs.
worker_rlimit_nofile ${settings.workerConnections + 512};
worker_shutdown_timeout ${seconds(settings.timeout)};

events {
  worker_connections ${settings.workerConnections};
  multi_accept on;
}

http {
  default_type application/octet-stream;
  client_body_temp_path /tmp/client-body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;

  server_tokens off;
  tcp_nopush on;
${accessLog(settings.accessLog)}

  # Slow or idle clients hold a connection no longer than this.
  client_header_timeout 10s;
  client_body_timeout 30s;
  send_timeout 30s;
  keepalive_timeout 65s;
  keepalive_requests 100000;
  reset_timedout_connection on;
  client_max_body_size ${settings.maxBody};
  large_client_header_buffers 4 8k;

  resolver ${settings.resolver.includes(":") ? `[${settings.resolver}]` : settings.resolver} valid=1s ipv6=off;
  resolver_timeout 2s;

${upstream(settings)}

  # With no Upgrade header the connection to the pod is kept open for the next request.
  map $http_upgrade $connection_to_pod {
    default upgrade;
    "" "";
  }
  # An id that could break out of a line of JSON, or fill a log, is replaced.
  map $http_x_request_id $request_id_to_pod {
    default $request_id;
    "~^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,128}$" $http_x_request_id;
  }

  server {
    listen ${nginxPort} reuseport backlog=4096;

    location = /healthz {
      access_log off;
      default_type text/plain;
      return 200 "ok\\n";
    }

    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Request-ID $request_id_to_pod;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_to_pod;
    proxy_connect_timeout ${seconds(settings.connectTimeout)};
    proxy_send_timeout ${seconds(settings.timeout)};
    proxy_read_timeout ${seconds(settings.timeout)};
    # A request that is not idempotent goes to a second pod only if the first never got it.
    proxy_next_upstream error timeout;
    proxy_next_upstream_tries 3;
    proxy_next_upstream_timeout ${seconds(settings.timeout)};
    error_page 400 = /.edge/bad_request;
    error_page 404 = /.edge/not_found;
    error_page 408 = /.edge/slow_client;
    error_page 413 = /.edge/too_large;
    error_page 414 = /.edge/long_address;
    error_page 494 = /.edge/large_headers;
    error_page 502 = /.edge/no_pod;
    error_page 504 = /.edge/too_slow;

    location /api/ {
      proxy_pass http://api/;
    }

    # Streamed to the pod as it comes, so that neither disk nor memory here has to hold it.
    location = /api/upload {
      proxy_pass http://api/upload;
      proxy_request_buffering off;
      client_max_body_size ${settings.uploadMax + formBytes};
    }
${edgeAnswers}
    location / {
      default_type application/json;
      return 404 '${errorBody("Not Found", wrongPath)}';
    }
  }
}
`;
}

const wrongPath = "the API lives under /api/";

/** Body in the same form as the API's own errors. */
function errorBody(error: string, message: string): string {
  return `{"error":"${error}","message":"${message}","requestId":"$request_id_to_pod"}`;
}

/**
 * Error pages as internal paths. A named location (`@name`) keeps the request's URI, and when Nginx cannot read the URI it
 * would answer 500.
 */
const edgeAnswers = [
  ["bad_request", 400, "Bad Request", "the request is not HTTP as this server speaks it"],
  ["not_found", 404, "Not Found", wrongPath],
  ["slow_client", 408, "Request Timeout", "the request did not arrive in time"],
  ["too_large", 413, "Payload Too Large", "the body is larger than what is taken here"],
  ["long_address", 414, "URI Too Long", "the address is longer than what is taken here"],
  ["large_headers", 431, "Request Header Fields Too Large", "the headers are larger than what is taken here"],
  ["no_pod", 503, "Service Unavailable", "no API pod can answer right now"],
  ["too_slow", 504, "Gateway Timeout", "the API pod did not answer in time"],
]
  .map(
    ([name, status, error, message]) => `
    location = /.edge/${name} {
      internal;
      default_type application/json;${status === 503 ? "\n      add_header Retry-After 1 always;" : ""}
      add_header X-Request-ID $request_id_to_pod always;
      return ${status} '${errorBody(String(error), String(message))}';
    }
`,
  )
  .join("");

function upstream(settings: NginxSettings): string {
  const lines = [
    // Memory shared by the worker processes; `resolve` requires it.
    "zone api 256k;",
    ...balanceLines[settings.balance](settings),
    ...settings.pools.map((pool) => serverLine(pool, settings)),
    `keepalive ${settings.keepalive};`,
    "keepalive_requests 100000;",
    `keepalive_timeout ${seconds(upstreamIdleMs)};`,
  ];
  return ["  upstream api {", ...lines.map((line) => `    ${line}`), "  }"].join("\n");
}

function serverLine(pool: UpstreamPool, settings: NginxSettings): string {
  const parts = [
    `server ${pool.server} resolve`,
    ...(pool.podWeight === 1 ? [] : [`weight=${pool.podWeight}`]),
    `max_fails=${settings.maxFails}`,
    `fail_timeout=${seconds(settings.failTimeout)}`,
    ...(pool.backup ? ["backup"] : []),
  ];
  return `${parts.join(" ")};`;
}

function accessLog(on: boolean): string {
  if (!on) return "  access_log off;";
  return `  log_format line escape=json '{"time":"$time_iso8601","request":"$request_id_to_pod","client":"$remote_addr","method":"$request_method",'
    '"uri":"$request_uri","status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,"pod":"$upstream_addr"}';
  access_log /dev/stdout line buffer=32k flush=1s;`;
}

/** Formats a time for nginx.conf. */
function seconds(milliseconds: Milliseconds): string {
  return milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${milliseconds}ms`;
}
