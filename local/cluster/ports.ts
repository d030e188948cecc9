import { readFile } from "node:fs/promises";
import { UserError } from "../../contract/user-error.ts";
import { poll } from "../../host/poll.ts";
import { socketOwner } from "../../host/process-table.ts";

/** An address and TCP port to listen on. */
export interface Endpoint {
  address: string;
  port: number;
}

/** A listening socket of /proc/net/tcp or tcp6. */
export interface Listener extends Endpoint {
  inode: string;
}

const listenState = "0A";
/** The sockets of a process that just ended exist for a moment longer, without a visible owner. */
const vanishingMs = 5000;

/**
 * Reads the listening sockets from the text of /proc/net/tcp or /proc/net/tcp6. IPv4 addresses are returned in dotted
 * form, the IPv6 address of all interfaces as "::", and other IPv6 addresses in hexadecimal.
 */
export function parseListeners(table: string): Listener[] {
  const listeners: Listener[] = [];
  for (const line of table.split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [hexAddress, hexPort] = fields[1]?.split(":") ?? [];
    const inode = fields[9];
    if (fields[3] !== listenState || !hexAddress || !hexPort || inode === undefined) continue;
    listeners.push({ address: readAddress(hexAddress), port: Number.parseInt(hexPort, 16), inode });
  }
  return listeners;
}

function readAddress(hex: string): string {
  if (/^0{32}$/.test(hex)) return "::";
  if (hex.length !== 8) return hex;
  // The kernel prints the bytes in machine order, which is little-endian on x86.
  return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(".");
}

/** Whether a socket that listens on `listener` prevents another socket from listening on `wanted`. */
export function conflicts(listener: Endpoint, wanted: Endpoint): boolean {
  return (
    listener.port === wanted.port &&
    (listener.address === wanted.address || listener.address === "0.0.0.0" || listener.address === "::")
  );
}

/**
 * Checks that a process could listen on all of `wanted`.
 *
 * @throws {UserError} that names the used port and the process that listens on it.
 */
export async function requireFreePorts(user: string, wanted: readonly Endpoint[]): Promise<void> {
  if (wanted.length === 0) return;
  let taken: Listener | undefined;
  const owner = await poll({ timeoutMs: vanishingMs }, async () => {
    taken = await takenOf(wanted);
    return taken === undefined ? "free" : socketOwner(taken.inode);
  });
  if (taken === undefined) return;
  throw new UserError(
    `${user} needs TCP port ${taken.port} on ${taken.address}, which is in use by ${owner ?? "a process that cannot be seen from here"}`,
    "stop that process, then run the command again",
  );
}

/** Returns the first endpoint of `wanted` that is in use, with the inode of its socket. */
async function takenOf(wanted: readonly Endpoint[]): Promise<Listener | undefined> {
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readFile(path, "utf8").catch(() => "")),
  );
  const listeners = tables.flatMap(parseListeners);
  for (const endpoint of wanted) {
    const listener = listeners.find((each) => conflicts(each, endpoint));
    if (listener) return { ...endpoint, inode: listener.inode };
  }
  return undefined;
}
