import type { NginxSettings } from "./settings.ts";

type HstsSettings = Pick<NginxSettings, "tls">;

/**
 * The maps that the header of HSTS comes from: it has a value over HTTPS only, and an empty header is not sent. `$own_hsts` is
 * also empty when the pod has sent the header itself.
 */
export function hstsMaps({ tls }: HstsSettings): string[] {
  if (tls.hsts === undefined) return [];
  return [
    `map $https $hsts {\n  on max-age=${Math.ceil(tls.hsts / 1000)};\n}`,
    `map $upstream_http_strict_transport_security $own_hsts {\n  "" $hsts;\n}`,
  ];
}

/** Directives that add the header of HSTS, with the value of one of the maps. */
export function hstsHeader({ tls }: HstsSettings, map: "$hsts" | "$own_hsts"): string[] {
  return tls.hsts === undefined ? [] : [`add_header Strict-Transport-Security ${map} always;`];
}
