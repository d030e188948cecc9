import { pairProblem } from "../certificate-pair.ts";
import { section } from "../options/collections.ts";
import type { Report, ShapeValue } from "../options/option.ts";
import { duration, flag, integer, secret, text } from "../options/scalars.ts";
import { objectName } from "./names.ts";

const options = {
  secret: text({ ...objectName, doc: "Name of a Secret of the type `kubernetes.io/tls` in the stack's namespace, for example of cert-manager. Nginx serves a renewed certificate within about two minutes, without a reload: see [gateway.md](gateway.md#tls)." }),
  certificate: text({
    pattern: /^\s*-----BEGIN CERTIFICATE-----[\s\S]*-----END CERTIFICATE-----\s*$/,
    rule: "must be certificates in PEM form, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----",
    doc: "Certificate of `nginx.tls.key` in PEM form, and after it the certificates of its authorities. Another certificate replaces the gateway's pods.",
  }),
  key: secret({
    pattern: /-----BEGIN (RSA |EC )?PRIVATE KEY-----[\s\S]*-----END (RSA |EC )?PRIVATE KEY-----/,
    rule: "must be a private key in PEM form without a passphrase",
    doc: "Private key of `nginx.tls.certificate` in PEM form; a secret.",
  }),
  selfSigned: flag({ default: false, doc: "Whether the stack makes a certificate, signed by an authority of its own that only the load test knows. `pulumi stack output tls` has the authority's certificate." }),
  redirect: flag({ default: true, doc: "Whether requests over HTTP are redirected to HTTPS (308). With false, the API is served over both." }),
  hsts: duration({ min: "0 s", max: "26280 h", doc: "`max-age` of the header `Strict-Transport-Security`, with which browsers use only HTTPS for so long; rounded up to seconds. Without it: no header. `0 s` takes it back." }),
  nodePort: integer({ min: 30_000, max: 32_767, doc: "Port of HTTPS on every node, as `nginx.nodePort` is that of HTTP. Without it, the embedded cluster uses the first free port from 30443 on and keeps it, and other clusters choose a port." }),
  ticketKeyVersion: integer({ min: 1, max: 2 ** 31 - 1, default: 1, doc: "Another number makes another key for TLS session tickets, which all gateway pods share: see [gateway.md](gateway.md#tls)." }),
};

/** TLS at the gateway. */
export type NginxTlsConfig = ShapeValue<typeof options>;

/** TLS at the gateway. */
export const nginxTls = section("TLS at the gateway. Without a certificate: none.", options, { check });

const sources = ["secret", "certificate", "selfSigned"] as const;

/** Whether the gateway serves HTTPS. */
export function hasTls({ secret, certificate, selfSigned }: NginxTlsConfig): boolean {
  return secret !== undefined || certificate !== undefined || selfSigned;
}

function check(tls: NginxTlsConfig, path: string, report: Report): void {
  const given = sources.filter((source) => tls[source] !== undefined && tls[source] !== false);
  if (given.length > 1)
    report({
      path,
      value: undefined,
      rule: `must have only one of ${sources.join(", ")}, and has ${given.join(", ")}`,
      fix: `remove the others: pulumi config rm --path ${path}.${given.at(-1)}`,
    });
  const { certificate, key } = tls;
  if (key !== undefined && certificate === undefined)
    report({
      path: `${path}.certificate`,
      value: undefined,
      rule: `is required with ${path}.key`,
      fix: `pulumi config set --path ${path}.certificate "$(cat tls.crt)"`,
    });
  if (certificate !== undefined && key === undefined) report({ path: `${path}.key`, value: undefined, rule: `is required with ${path}.certificate`, fix: keyFix(path) });
  if (certificate === undefined || key === undefined) return;
  const problem = pairProblem(certificate, key, Date.now());
  if (problem === undefined) return;
  const fix = problem.of === "key" ? keyFix(path) : `give the server's certificate first, then those of its authorities: pulumi config set --path ${path}.certificate "$(cat tls.crt)"`;
  report({ path: `${path}.${problem.of}`, value: undefined, rule: problem.rule, fix });
}

function keyFix(path: string): string {
  return `pulumi config set --secret --path ${path}.key "$(cat tls.key)"`;
}
