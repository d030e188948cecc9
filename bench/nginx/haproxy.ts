import type { Recipe } from "../../local/images/recipes.ts";

/** The image of the peer that the gateway is compared with, made like the base images. Only this benchmark builds it. */
export const haproxyRecipe: Recipe = {
  name: "haproxy",
  tag: "3.2",
  suite: "forky",
  packages: ["haproxy"],
  programs: ["/usr/sbin/haproxy"],
  version: ["haproxy", "-v"],
  config: ["STOPSIGNAL SIGUSR1", 'CMD ["haproxy"]'],
};

/**
 * HAProxy with the duties of the gateway: pods by DNS, one more try, the prefix cut off, the client's address and a request
 * id for pods, and the gateway's limits. Connections to pods are shared by all clients (`http-reuse always`, section 4.2 of
 * HAProxy's configuration manual).
 *
 * @param server `host:port` of the pods
 * @param resolver address of the DNS server
 * @param most number of pods that there is room for
 */
export function haproxyConf(server: string, resolver: string, most: number): string {
  return `global
  maxconn 4096
  nbthread 1
  tune.bufsize 16384

resolvers cluster
  nameserver dns ${resolver}:53
  hold valid 1s
  accepted_payload_size 8192

defaults
  mode http
  timeout connect 2s
  timeout client 65s
  timeout server 30s
  timeout http-request 10s
  timeout http-keep-alive 65s
  option http-keep-alive
  http-reuse always
  retries 1
  option redispatch
  unique-id-format %[uuid()]

frontend edge
  bind :8080
  http-request return status 404 content-type application/json string '{"error":"Not Found"}' unless { path_beg /api/ }
  http-request set-path %[path,regsub(^/api,)]
  http-request set-header X-Request-ID %[unique-id] unless { req.hdr(x-request-id) -m found }
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend pods

backend pods
  balance roundrobin
  server-template pod ${most} ${server} resolvers cluster resolve-prefer ipv4 init-addr none pool-max-conn -1
`;
}
