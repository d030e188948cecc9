import type { Balance } from "../config/sections/nginx.ts";
import type { Bytes, Millicpu, Milliseconds } from "../config/units.ts";

/** What nginx.conf is rendered from. */
export interface NginxPlan {
  pools: UpstreamPool[];
  /** Address of the DNS server that knows the pools' hosts. */
  resolver: string;
  balance: Balance;
  hashKey: string;
  keepalive: number;
  workerConnections: number;
  connectTimeout: Milliseconds;
  timeout: Milliseconds;
  maxFails: number;
  failTimeout: Milliseconds;
  maxBody: Bytes;
  /** Most of one upload, without what its form adds. */
  uploadMax: Bytes;
  accessLog: boolean;
  /** CPU limit; one worker process for every CPU begun. */
  cpu: Millicpu;
}

/** Addresses behind one host name; every one of them gets the weight. */
export interface UpstreamPool {
  /** `host:port`. */
  server: string;
  podWeight: number;
  backup: boolean;
}

/** Port that Nginx listens on in its container. */
export const nginxPort = 8080;

/** Room for the boundaries and headers of an upload's parts. */
const formBytes = 1024 ** 2;

/** Idle time after which Nginx closes a connection to a pod; the pods must wait longer, or a request may meet a reset. */
const upstreamIdle = "55s";

const balanceLines: Record<Balance, (plan: NginxPlan) => string[]> = {
  "round-robin": () => [],
  "least-conn": () => ["least_conn;"],
  "random-two": () => ["random two least_conn;"],
  "ip-hash": () => ["ip_hash;"],
  hash: (plan) => [`hash ${plan.hashKey} consistent;`],
  "least-time": () => ["least_time header;"],
};

/**
 * nginx.conf of the gateway: `/api/…` goes to the API pods without its prefix, `/healthz` is answered at the edge,
 * everything else is 404. The pods' addresses follow DNS within about a second, without a reload (Nginx ≥ 1.27.3).
 * The same plan always gives the same text.
 */
export function renderNginxConf(plan: NginxPlan): string {
  const workers = Math.max(1, Math.ceil(plan.cpu / 1000));
  return `daemon off;
pid /tmp/nginx.pid;
error_log stderr warn;
worker_processes ${workers};
# Room for connections, temporary files and logs.
worker_rlimit_nofile ${plan.workerConnections + 512};
worker_shutdown_timeout ${seconds(plan.timeout)};

events {
  worker_connections ${plan.workerConnections};
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
${accessLog(plan.accessLog)}

  # Slow or idle clients hold a connection no longer than this.
  client_header_timeout 10s;
  client_body_timeout 30s;
  send_timeout 30s;
  keepalive_timeout 65s;
  keepalive_requests 100000;
  reset_timedout_connection on;
  client_max_body_size ${plan.maxBody};
  large_client_header_buffers 4 8k;

  resolver ${plan.resolver.includes(":") ? `[${plan.resolver}]` : plan.resolver} valid=1s ipv6=off;
  resolver_timeout 2s;

${upstream(plan)}

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
    proxy_connect_timeout ${seconds(plan.connectTimeout)};
    proxy_send_timeout ${seconds(plan.timeout)};
    proxy_read_timeout ${seconds(plan.timeout)};
    # A request that is not idempotent goes to a second pod only if the first never got it.
    proxy_next_upstream error timeout;
    proxy_next_upstream_tries 3;
    proxy_next_upstream_timeout ${seconds(plan.timeout)};
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
      client_max_body_size ${plan.uploadMax + formBytes};
    }
${edgeAnswers}
    location / {
      default_type application/json;
      return 404 '${errorBody("Not Found", nothingHere)}';
    }
  }
}
`;
}

const nothingHere = "the API lives under /api/";

/** The form that the API's own errors have. */
function errorBody(error: string, message: string): string {
  return `{"error":"${error}","message":"${message}","requestId":"$request_id_to_pod"}`;
}

/** By path and not by `@name`: a request whose address cannot be read has none to keep, and Nginx then fails with 500. */
const edgeAnswers = [
  ["bad_request", 400, "Bad Request", "the request is not HTTP as this server speaks it"],
  ["not_found", 404, "Not Found", nothingHere],
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

function upstream(plan: NginxPlan): string {
  const lines = [
    // Shared by the worker processes; without it `resolve` is refused.
    "zone api 256k;",
    ...balanceLines[plan.balance](plan),
    ...plan.pools.map((pool) => serverLine(pool, plan)),
    `keepalive ${plan.keepalive};`,
    "keepalive_requests 100000;",
    `keepalive_timeout ${upstreamIdle};`,
  ];
  return ["  upstream api {", ...lines.map((line) => `    ${line}`), "  }"].join("\n");
}

function serverLine(pool: UpstreamPool, plan: NginxPlan): string {
  const parts = [
    `server ${pool.server} resolve`,
    ...(pool.podWeight === 1 ? [] : [`weight=${pool.podWeight}`]),
    `max_fails=${plan.maxFails}`,
    `fail_timeout=${seconds(plan.failTimeout)}`,
    ...(pool.backup ? ["backup"] : []),
  ];
  return `${parts.join(" ")};`;
}

function accessLog(on: boolean): string {
  if (!on) return "  access_log off;";
  return `  log_format line escape=json '{"time":"$time_iso8601","request":"$request_id","client":"$remote_addr","method":"$request_method",'
    '"uri":"$request_uri","status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,"pod":"$upstream_addr"}';
  access_log /dev/stdout line buffer=32k flush=1s;`;
}

/** Nginx' spelling of a time. */
function seconds(milliseconds: Milliseconds): string {
  return milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${milliseconds}ms`;
}
