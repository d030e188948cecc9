import type { NginxConfig } from "../config/sections/nginx.ts";
import type { Directives } from "./directives.ts";

/**
 * What `balance: hash` hashes. Another attempt of a request has an empty value, for which Nginx chooses a pod in turn; its
 * hash would lead to the pod that failed.
 *
 * `$uri` becomes an address of the gateway itself for WebSockets, and for requests to a kept path that are not kept, so it is
 * read before.
 */
export function hash({ balance, hashKey }: Pick<NginxConfig, "balance" | "hashKey">): Directives {
  if (balance !== "hash") return {};
  const isChanged = hashKey === "$uri";
  return {
    http: `map $upstream_addr $hashed {
  volatile;
  "" ${isChanged ? "$client_uri" : hashKey};
}`,
    ...(isChanged && { server: "set $client_uri $uri;" }),
  };
}
