import type { PoolPlan } from "../config/derive.ts";
import type { NginxConfig } from "../config/sections/nginx.ts";
import type { Directives } from "./directives.ts";

/** Cookie with the name of the Deployment that serves a client. A client may choose a pool with it. */
export const poolCookie = "breakwater_pool";

type Pool = Pick<PoolPlan, "name" | "share" | "backup">;

interface StickySettings extends Pick<NginxConfig, "sticky"> {
  pools: readonly Pool[];
}

/** The pools that clients stay on; none when clients do not stay on any, or when there is no choice. */
export function stickyPools({ sticky, pools }: StickySettings): readonly Pool[] {
  const chosen = pools.filter(({ share, backup }) => share > 0 && !backup);
  return sticky && chosen.length > 1 ? chosen : [];
}

/** Name of the upstream of requests; a variable when each client has a pool of its own. */
export function apiUpstream(settings: StickySettings): string {
  return stickyPools(settings).length === 0 ? "api" : "$client_pool";
}

/**
 * Lets a client stay on the pool that served it first: `sticky cookie` of Nginx would keep it on a single pod. A client
 * without the cookie, or with that of a pool that no longer takes traffic, gets a pool by weight.
 */
export function stickyCookie(settings: StickySettings): Directives {
  const pools = stickyPools(settings);
  if (pools.length === 0) return {};
  return {
    http: `# Pools of new clients. The trace of a request is chosen by its id, too, and must not depend on the pool.
split_clients "pool$request_id" $new_pool {
${split(pools)}
}
map $cookie_${poolCookie} $client_pool {
${pools.map(({ name }) => `  ${name} ${name};`).join("\n")}
  default $new_pool;
}
# A header with an empty value is not sent.
map $cookie_${poolCookie} $new_pool_cookie {
${pools.map(({ name }) => `  ${name} "";`).join("\n")}
  default "${poolCookie}=$new_pool; Path=/; HttpOnly; SameSite=Lax";
}`,
    api: "add_header Set-Cookie $new_pool_cookie always;",
  };
}

/** Shares in percent with two digits, as Nginx reads them. The largest pool gets the rest. */
function split(pools: readonly Pool[]): string {
  const total = pools.reduce((sum, { share }) => sum + share, 0);
  const [largest, ...others] = pools.toSorted((a, b) => b.share - a.share);
  const lines = others.map(
    ({ name, share }) => `  ${Math.max(0.01, (share / total) * 100).toFixed(2)}% ${name};`,
  );
  return [...lines, `  * ${largest?.name};`].join("\n");
}
