import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../../host/run-command.ts";

/** A certificate for 127.0.0.1 that no public authority has signed. It is its own authority. */
export interface OwnCertificate {
  key: Buffer;
  cert: Buffer;
  /** File with the authority's certificate. */
  caFile: string;
  /** Deletes the files. */
  remove(): Promise<void>;
}

/** Makes a certificate with openssl. @throws {UserError} when openssl is missing */
export async function makeCertificate(): Promise<OwnCertificate> {
  const folder = await mkdtemp(join(tmpdir(), "oracle-certificate-"));
  const keyFile = join(folder, "key.pem");
  const caFile = join(folder, "ca.pem");
  const names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await runCommand("openssl", ["req", ...kind, ...names, "-keyout", keyFile, "-out", caFile]);
  return {
    key: await readFile(keyFile),
    cert: await readFile(caFile),
    caFile,
    remove: () => rm(folder, { recursive: true }),
  };
}
