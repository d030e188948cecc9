import { randomBytes } from "node:crypto";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type SelfSigned, selfSigned } from "../../k8s/self-signed.ts";
import { ticketKeyBytes, tlsFiles } from "../../nginx/tls.ts";

/** Contents of the files. */
export interface TlsFiles extends SelfSigned {
  /** The key of the session tickets, which several gateways may share. */
  tickets: Buffer;
}

let common: TlsFiles | undefined;

/** Files that all gateways of a test share by default. */
export function testFiles(): TlsFiles {
  common ??= { ...testCertificate(), tickets: randomBytes(ticketKeyBytes) };
  return common;
}

/** A certificate for the names by which tests reach a gateway. */
export function testCertificate(): SelfSigned {
  return selfSigned(["edge.test", "localhost", "127.0.0.1"], Date.now());
}

/** The volume with the certificate, its key and the key of the tickets, which changes as the kubelet changes one. */
export class TlsFolder {
  readonly path: string;
  readonly #tickets: Buffer;
  #version = 0;

  constructor(path: string, { tickets, ...pair }: TlsFiles) {
    this.path = path;
    this.#tickets = tickets;
    mkdirSync(path, { recursive: true });
    for (const name of Object.values(tlsFiles)) symlinkSync(join("..data", name), join(path, name));
    this.replace(pair);
  }

  /** Replaces all files at the same moment. */
  replace({ certificate, key }: Pick<SelfSigned, "certificate" | "key">): void {
    this.#version += 1;
    const name = `..${this.#version}`;
    mkdirSync(join(this.path, name));
    writeFileSync(join(this.path, name, tlsFiles.certificate), certificate);
    writeFileSync(join(this.path, name, tlsFiles.key), key);
    writeFileSync(join(this.path, name, tlsFiles.tickets), this.#tickets);
    symlinkSync(name, join(this.path, "..data_tmp"));
    renameSync(join(this.path, "..data_tmp"), join(this.path, "..data"));
  }
}
