import type { Report } from "./options/option.ts";
import type { NginxConfig } from "./sections/nginx.ts";

/** Variables that are the same in every request with which the gateway fetches what it keeps: it has no cookies and no user. */
const clientKey = /^\$(?:remote_addr|remote_user|cookie_.*)$/;

/** Reports every broken rule between the gateway's cache and other options. */
export function checkCache(nginx: NginxConfig, report: Report): void {
  const { cache, sticky, streamPaths, methods, balance, hashKey } = nginx;
  if (cache.paths.length === 0) return;
  if (sticky)
    report({
      path: "nginx.cache.paths",
      value: undefined,
      rule: "cannot be combined with nginx.sticky, whose cookie makes every request one that is not kept",
      fix: "use one of them: pulumi config set --path nginx.sticky false",
    });
  if (methods !== undefined && !methods.includes("GET") && !methods.includes("HEAD"))
    report({
      path: "nginx.cache.paths",
      value: undefined,
      rule: "needs GET or HEAD in nginx.methods, since only their responses are kept",
      fix: "add GET to nginx.methods, or remove the paths: pulumi config rm --path nginx.cache.paths",
    });
  const isOfClient = balance === "ip-hash" || (balance === "hash" && clientKey.test(hashKey));
  if (isOfClient)
    report({
      path: balance === "hash" ? "nginx.hashKey" : "nginx.balance",
      value: balance === "hash" ? hashKey : balance,
      rule: "cannot be combined with nginx.cache.paths: the gateway itself fetches what it keeps, all of it from one pod then",
      fix: 'use nginx.balance hash with nginx.hashKey "$request_uri", or another nginx.balance',
    });
  for (const [index, { path }] of cache.paths.entries())
    if (streamPaths.includes(path))
      report({
        path: `nginx.cache.paths[${index}].path`,
        value: path,
        rule: "is a path of nginx.streamPaths, too, and a stream is not kept",
        fix: "remove it from one of them",
      });
}
