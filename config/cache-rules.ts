import type { Report } from "./options/option.ts";
import type { NginxConfig } from "./sections/nginx.ts";

/** Reports every broken rule between the gateway's cache and other options. */
export function checkCache({ cache, sticky, streamPaths }: NginxConfig, report: Report): void {
  if (sticky && cache.paths.length > 0)
    report({
      path: "nginx.cache.paths",
      value: undefined,
      rule: "cannot be combined with nginx.sticky, whose cookie makes every request one that is not kept",
      fix: "use one of them: pulumi config set --path nginx.sticky false",
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
