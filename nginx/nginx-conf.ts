import { isIPv6 } from "node:net";
import { nginxWorkers, openConnections } from "../config/gateway-memory.ts";
import { drainMs } from "../config/sections/nginx.ts";
import { accessLog } from "./access-log.ts";
import { apiPath } from "./api-path.ts";
import { bufferedBodies } from "./buffered-bodies.ts";
import { cache } from "./cache.ts";
import { clientLimits } from "./client-limits.ts";
import { clientRates } from "./client-rates.ts";
import { timeOf } from "./directive-times.ts";
import { type Directives, directivesOf } from "./directives.ts";
import { errorResponses } from "./error-responses.ts";
import { forwardedHeaders } from "./forwarded-headers.ts";
import { hash } from "./hash.ts";
import { health } from "./health.ts";
import { jsEngine } from "./js-module.ts";
import { methodLimit } from "./methods.ts";
import { metrics } from "./metrics.ts";
import { apiLocations, proxying } from "./proxying.ts";
import { retries } from "./retries.ts";
import { retryBudget } from "./retry-budget.ts";
import { securityHeaders } from "./security-headers.ts";
import { servers } from "./servers.ts";
import type { NginxSettings } from "./settings.ts";
import { stickyCookie } from "./sticky-pools.ts";
import { streams } from "./streams.ts";
import { tls } from "./tls.ts";
import { tracing } from "./tracing.ts";
import { upstream } from "./upstream.ts";

/**
 * Renders the gateway's nginx.conf. Nginx passes the paths below the prefix to the API pods, without `/api` and otherwise as they
 * were sent, answers `/healthz` itself, and answers every other path with 404. It follows changes of the pods' DNS records within
 * about two seconds, without a reload. Equal settings give equal text.
 */
export function renderNginxConf(settings: NginxSettings): string {
  const concerns: Directives[] = [
    jsEngine(settings),
    accessLog(settings),
    clientLimits(settings),
    clientRates(settings),
    streams(settings),
    bufferedBodies(settings),
    hash(settings),
    upstream(settings),
    stickyCookie(settings),
    apiPath(settings),
    proxying(settings),
    retryBudget(settings),
    retries(settings),
    tracing(settings),
    forwardedHeaders(settings),
    health(settings),
    methodLimit(settings),
    securityHeaders(settings),
    errorResponses(settings),
    tls(settings),
    cache(settings),
    metrics(settings),
  ];
  concerns.push(servers(settings, concerns, apiLocations(settings, concerns)));
  const connections = openConnections(settings, settings.pools);
  const main = directivesOf(concerns, "main", 0);
  return `${main === "" ? "" : `${main}\n`}daemon off;
pid /tmp/nginx.pid;
error_log stderr warn;
worker_processes ${nginxWorkers(settings)};
# Room for connections, temporary files and logs.
worker_rlimit_nofile ${connections + 512};
# Maps and locations match regular expressions on each request.
pcre_jit on;
worker_shutdown_timeout ${timeOf("worker_shutdown_timeout", drainMs(settings))};

events {
  worker_connections ${connections};
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
  # Clients do not know the container's port.
  absolute_redirect off;

  # Not for each body that takes a file.
  error_log stderr error;

  resolver ${resolver(settings.resolver)};
  resolver_timeout 2s;

${directivesOf(concerns, "http", 2)}
}
`;
}

/** Pods of an IPv6 cluster have no IPv4 addresses, and the other way round. */
function resolver(address: string): string {
  return isIPv6(address) ? `[${address}] valid=1s ipv4=off` : `${address} valid=1s ipv6=off`;
}
