import { listOf, section } from "../options/collections.ts";
import type { Report, ShapeValue, ValueOf } from "../options/option.ts";
import { duration, size, text } from "../options/scalars.ts";
import { pathBelowRoot } from "./names.ts";

const path = {
  ...pathBelowRoot,
  rule: 'must be a path like "/api/users/" or "/api/stats", without percent-encoding, empty segments and dots as segments',
};

const cachedPath = section("Responses that the gateway keeps for a short time.", {
  path: text({ ...path, required: true, doc: "Path whose responses are kept; with `/` at the end, all paths below it." }),
  ttl: duration({ min: "1 s", max: "1 h", default: "1 s", doc: "Time for which a response is served without the API; rounded up to seconds, and Nginx adds up to one." }),
  stale: duration({ min: "0 s", max: "24 h", default: "10 s", doc: "Time after it in which the response is still served, while one request fetches a new one, or the API does not respond." }),
});

/** Responses that the gateway keeps. */
export type CachedPath = ValueOf<typeof cachedPath>;

const options = {
  paths: listOf(cachedPath, { default: [], doc: "Paths whose responses are kept. Without any, there is no cache." }),
  size: size({ min: "1 MiB", max: "64 GiB", default: "64 MiB", doc: "Size that the kept responses of each gateway pod are brought back to, on its volume." }),
};

/** The gateway's cache. */
export type NginxCacheConfig = ShapeValue<typeof options>;

/** The gateway's cache. */
export const nginxCache = section("Responses to GET and HEAD that the gateway keeps for a short time: see [gateway.md](gateway.md#cache).", options, { check });

function check({ paths }: NginxCacheConfig, at: string, report: Report): void {
  for (const [index, { path: own }] of paths.entries()) {
    if (paths.findIndex((other) => other.path === own) < index)
      report({
        path: `${at}.paths[${index}].path`,
        value: own,
        rule: "must be a path that no other item has",
        fix: "remove one of them",
      });
  }
}
