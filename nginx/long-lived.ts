import type { Milliseconds } from "../config/units.ts";
import { timeOf } from "./directive-times.ts";
import type { NginxSettings } from "./settings.ts";

/**
 * Path that requests for a WebSocket are redirected to; clients cannot reach it. Nginx takes no variable as a time, so
 * other times need another location.
 */
export const webSocketPath = "/.edge/websocket";

/** The time for which neither side of a connection has to send anything. */
export function longLived(timeout: Milliseconds): string {
  return `proxy_send_timeout ${timeOf("proxy_send_timeout", timeout)};
proxy_read_timeout ${timeOf("proxy_read_timeout", timeout)};`;
}

/** Passes on each part of a response when it comes, instead of collecting it. */
export function stream({ streamTimeout }: Pick<NginxSettings, "streamTimeout">): string {
  return `proxy_buffering off;\n${longLived(streamTimeout)}`;
}
