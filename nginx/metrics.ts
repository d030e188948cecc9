import { isIPv6 } from "node:net";
import { metricsZoneBytes } from "../config/gateway-memory.ts";
import { type Bytes, KiB, MiB } from "../config/units.ts";
import { type Directives, indented } from "./directives.ts";
import { type NginxSettings, nginxMetricsPort } from "./settings.ts";
import { type UpstreamPool, usedPools } from "./upstream.ts";

/** Size of the log on the volume, which the program empties: see `programs/count-log.js`. */
export function metricsVolumeBytes({ metrics }: Pick<NginxSettings, "metrics">): Bytes {
  return metrics ? 64 * MiB : 0;
}

/**
 * Metrics for Prometheus, on a port of their own. Each request is a short line in a log, which a program in Nginx reads and
 * counts five times a second: a program for each request costs six times as much (docs/decisions.md#gateway-metrics).
 */
export function metrics(settings: NginxSettings): Directives {
  if (!settings.metrics) return {};
  const onIpv6 = settings.ipv6 || isIPv6(settings.resolver);
  const { livePath } = settings;
  const pools = usedPools(settings);
  const names = pools.map(({ name }) => name).join(" ");
  const zone = metricsZoneBytes(settings.pools) / KiB;
  return {
    http: `js_shared_dict_zone zone=metrics:${zone}k type=number;
log_format counted escape=none "${line("$upstream_cache_status")}";
access_log /tmp/metrics.log counted buffer=32k flush=1s;

server {
  listen ${nginxMetricsPort};${onIpv6 ? `\n  listen [::]:${nginxMetricsPort} ipv6only=on;` : ""}
  access_log off;
  js_engine qjs;
  js_import count from count-log.js;
  js_import page from metrics-page.js;
  location = /metrics {
    js_periodic count.collect interval=200ms;
    set $metrics_pools "${names}";
    js_content page.serve;
  }
  location = /connections {
    internal;
    stub_status;
  }
${pools.length > 1 ? pools.map((pool, index) => indented(`${lookup(pool, index, livePath)}\n`, 2)).join("") : ""}  location / {
    return 404;
  }
}`,
  };
}

/** The log of the requests with which the cache fetches responses: only their attempts are counted. */
export function countedFills({ metrics }: Pick<NginxSettings, "metrics">): Directives {
  if (!metrics) return {};
  return {
    http: `log_format counted_fill escape=none "${line("FILL")}";`,
    server: "access_log /tmp/metrics.log counted_fill buffer=32k flush=1s;",
  };
}

function line(cache: string): string {
  return `>$upstream_addr|$upstream_status|$status|${cache}|$upstream_header_time`;
}

/** A request to one of a pool's pods, by which the program learns its address. */
function lookup({ server }: UpstreamPool, index: number, livePath = "/livez"): string {
  return `location = /pools/${index} {
  internal;
  set $pool_server ${server};
  proxy_pass http://$pool_server${livePath};
  proxy_connect_timeout 1s;
  proxy_read_timeout 1s;
}`;
}
