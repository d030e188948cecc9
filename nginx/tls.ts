import { tlsSessionBytes } from "../config/gateway-memory.ts";
import { nginxVolumes } from "../config/sections/nginx.ts";
import { hasTls, type NginxTlsConfig } from "../config/sections/nginx-tls.ts";
import { MiB } from "../config/units.ts";
import type { Directives } from "./directives.ts";
import { errorPath } from "./error-responses.ts";
import type { NginxSettings } from "./settings.ts";

/** Files of the volume with the certificate, its key, and the key of the session tickets. */
export const tlsFiles = { certificate: "tls.crt", key: "tls.key", tickets: "tickets.key" } as const;

/** Bytes of the key of the session tickets: name, HMAC key and AES-256 key. */
export const ticketKeyBytes = 80;

const folder = nginxVolumes["edge-tls"];

/**
 * What all servers share. The gateway pods share the key of the tickets, so that a client that comes back to another pod,
 * or after a rollout, resumes its session. Clients without tickets resume theirs at the same pod.
 */
export function tls({ tls }: Pick<NginxSettings, "tls">): Directives {
  if (!hasTls(tls)) return {};
  const lines = [
    "ssl_protocols TLSv1.2 TLSv1.3;",
    "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;",
    `ssl_session_cache shared:tls:${tlsSessionBytes / MiB}m;`,
    "ssl_session_timeout 1h;",
    `ssl_session_ticket_key ${folder}/${tlsFiles.tickets};`,
  ];
  const renewed = `# Nginx reads files anew, without a reload, if their names have a variable: when they have changed, within 5 seconds.
map "" $tls_folder {
  default ${folder};
}
ssl_certificate_cache max=8 inactive=1h valid=5s;`;
  return { http: [...lines, ...(isRenewed(tls) ? [renewed] : [])].join("\n") };
}

/** The server for HTTP: it redirects to HTTPS, or it has the same locations as the server for HTTPS. */
export function plainServer({ tls, httpsOrigin = "https://$host" }: NginxSettings): Directives {
  const lines = isRenewed(tls)
    ? [
        "# Not served here: Nginx does not start with a certificate that it cannot read or that does not fit its key.",
        ...certificate(folder),
      ]
    : [];
  const redirect = `location / {
  return 308 ${httpsOrigin}$request_uri;
}`;
  const text = [...lines, ...(tls.redirect ? [redirect] : [])].join("\n");
  return text === "" ? {} : { server: text };
}

/** The server for HTTPS. */
export function tlsServer(tls: NginxTlsConfig): Directives {
  const lines = [
    "http2 on;",
    ...certificate(isRenewed(tls) ? "$tls_folder" : folder),
    "# A request over HTTP.",
    `error_page 497 =400 ${errorPath};`,
  ];
  return { server: lines.join("\n") };
}

/** Whether the files change while Nginx runs. Those that the stack itself makes change with a new pod. */
function isRenewed({ secret }: NginxTlsConfig): boolean {
  return secret !== undefined;
}

function certificate(of: string): string[] {
  return [`ssl_certificate ${of}/${tlsFiles.certificate};`, `ssl_certificate_key ${of}/${tlsFiles.key};`];
}
