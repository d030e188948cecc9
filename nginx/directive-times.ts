import type { Milliseconds } from "../config/units.ts";

/**
 * The unit that Nginx reads each time in. A time in seconds may have no milliseconds: `fail_timeout=1500ms` stops Nginx at
 * its start. From the source of Nginx 1.30: `ngx_parse_time(…, 1)` reads seconds, `ngx_conf_set_msec_slot` milliseconds.
 */
const timeUnits = {
  worker_shutdown_timeout: "ms",
  proxy_connect_timeout: "ms",
  proxy_send_timeout: "ms",
  proxy_read_timeout: "ms",
  proxy_next_upstream_timeout: "ms",
  keepalive_timeout: "ms",
  keepalive_min_timeout: "ms",
  fail_timeout: "s",
} as const;

/** A directive, or a parameter of one, whose value is a time. */
export type TimedDirective = keyof typeof timeUnits;

/** Writes a time for the directive; a part of a unit that the directive does not take is rounded up. */
export function timeOf(directive: TimedDirective, milliseconds: Milliseconds): string {
  const seconds = milliseconds / 1000;
  if (timeUnits[directive] === "s") return `${Math.ceil(seconds)}s`;
  return Number.isInteger(seconds) ? `${seconds}s` : `${Math.ceil(milliseconds)}ms`;
}
