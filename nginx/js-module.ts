import { readFileSync } from "node:fs";
import { hasJavaScript, hasRetryBudget } from "../config/retry-budget.ts";
import { nginxVolumes } from "../config/sections/nginx.ts";
import type { Directives } from "./directives.ts";
import type { NginxSettings } from "./settings.ts";

/** The JavaScript module of Nginx, where Debian's package and the public images have it. */
export const jsModule = "/usr/lib/nginx/modules/ngx_http_js_module.so";

type Programmed = Pick<NginxSettings, "metrics" | "methods" | "retryBudget">;

/** The programs that Nginx runs, by the names of their files beside nginx.conf. */
export function programFiles(settings: Programmed): Record<string, string> {
  const names = [
    ...(hasRetryBudget(settings) ? ["retry-budget.js"] : []),
    ...(settings.metrics ? ["counters.js", "count-log.js", "metrics-page.js"] : []),
  ];
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(new URL(`./programs/${name}`, import.meta.url), "utf8")]),
  );
}

/** Loads the module, if a program needs it. */
export function jsEngine(settings: Programmed): Directives {
  if (!hasJavaScript(settings)) return {};
  return {
    main: `load_module ${jsModule};`,
    http: `js_path ${nginxVolumes.conf}/;`,
  };
}
