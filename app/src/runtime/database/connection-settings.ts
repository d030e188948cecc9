import type { PoolConfig } from "pg";

/** Parameters of the URL that this module takes over from pg when certificates are given. */
const tlsParameters = ["sslmode", "sslrootcert", "ssl", "uselibpqcompat"];

/**
 * Settings of a connection. Without `ca`, pg reads `sslmode` from the URL: `require` and above check the server's
 * certificate against those of Node.js. With `ca`, the modes mean what they mean to libpq: `require` and `verify-ca` check
 * the certificate, `verify-full` and a URL without a mode the host name, too, and `disable` uses no TLS.
 *
 * @param ca certificates in PEM form
 */
export function connectionSettings(url: string, ca: string | undefined): PoolConfig {
  if (ca === undefined) return { connectionString: url };
  const parsed = new URL(url);
  const mode = parsed.searchParams.get("sslmode") ?? "verify-full";
  for (const name of tlsParameters) parsed.searchParams.delete(name);
  const connectionString = parsed.href;
  if (mode === "disable") return { connectionString, ssl: false };
  if (mode === "no-verify") return { connectionString, ssl: { rejectUnauthorized: false } };
  const isHostChecked = mode === "verify-full";
  return {
    connectionString,
    ssl: { ca, ...(!isHostChecked && { checkServerIdentity: () => undefined }) },
  };
}
