import type { ApiPaths } from "../config/api-paths.ts";
import type { NginxConfig } from "../config/sections/nginx.ts";
import type { Bytes, Milliseconds } from "../config/units.ts";
import type { UpstreamPool } from "./upstream.ts";

/** Everything that nginx.conf is rendered from: the `nginx` section of stack config, and facts of the deployment. */
export interface NginxSettings extends NginxConfig {
  pools: UpstreamPool[];
  /** Address of the DNS server that resolves the pools' host names. Pods have addresses of the same family. */
  resolver: string;
  /** Maximum size of a single upload, without its form's boundaries and headers. */
  uploadMax: Bytes;
  /** The API's paths at the gateway. */
  paths: ApiPaths;
  /** Path that a living API pod answers. Default: that of the kit's runtime. */
  livePath?: string;
  /** Time for which the pods keep an idle connection. Default: that of the kit's runtime. */
  keepAlive?: Milliseconds;
  /** Origin that requests over HTTP are redirected to, with variables of Nginx. Default: the request's host. */
  httpsOrigin?: string;
}

/** Port that Nginx listens on in its container. */
export const nginxPort = 8080;

/** Port that Nginx listens on for the probes, without the PROXY protocol, when its clients' ports have it. */
export const nginxProbePort = 8081;

/** Port that Nginx listens on for Prometheus, with `nginx.metrics`. */
export const nginxMetricsPort = 8082;

/** Port that Nginx listens on for HTTPS. */
export const nginxTlsPort = 8443;
