import { readFile } from "node:fs/promises";
import { readCertificates } from "../../contract/certificates.ts";
import type { TlsTrust } from "../../contract/outputs.ts";
import { UserError } from "../../contract/user-error.ts";

/** How the server's certificate is checked. Undefined fields: by the authorities that Node.js knows. */
export interface TlsSettings {
  /** Certificates of the server's authorities, in PEM. */
  ca?: string | undefined;
  /** Whether any certificate is accepted. */
  insecure: boolean;
  /** Host name that the certificate must have. Default: that of the address. */
  serverName?: string;
}

/**
 * How the certificate is checked: as the command line says, else by the authority of the stack's own certificate.
 *
 * @param trust of the stack; undefined for an address outside of the stack
 * @throws {UserError} see readTlsSettings.
 */
export async function tlsSettingsOf(
  { ca, insecure }: { ca: string | undefined; insecure: boolean },
  trust: TlsTrust | undefined,
): Promise<TlsSettings> {
  if (trust === undefined || ca !== undefined || insecure) return readTlsSettings(ca, insecure);
  return trustIn(trust);
}

/** Accepts only the certificate that the stack made itself. */
export function trustIn({ authority, serverName }: TlsTrust): TlsSettings {
  return { ca: authority, serverName, insecure: false };
}

/** Reads the file of `--ca`. @throws {UserError} when it cannot be read or has no certificate. */
export async function readTlsSettings(caFile: string | undefined, insecure: boolean): Promise<TlsSettings> {
  if (caFile === undefined) return { insecure };
  const fix = "give a file with certificates in PEM";
  const ca = await readFile(caFile, "utf8").catch((error: Error) => {
    throw new UserError(`--ca ${caFile}: ${error.message}`, fix, { exitCode: 2, cause: error });
  });
  const { count, unreadable } = readCertificates(ca);
  if (count === 0) throw new UserError(`--ca ${caFile}: has no certificate`, fix, { exitCode: 2 });
  if (unreadable !== undefined)
    throw new UserError(`--ca ${caFile}: certificate ${unreadable} of ${count} cannot be read`, fix, {
      exitCode: 2,
    });
  return { ca, insecure };
}

/** The options of Node's `tls.connect`. */
export function tlsOptions({ ca, insecure, serverName }: TlsSettings) {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    rejectUnauthorized: !insecure,
  };
}

/** Error codes of a certificate that was not accepted. */
const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

/** Whether a connection failed because of the server's certificate. */
export function isCertificateError(code: string): boolean {
  return certificateCodes.test(code);
}
