import { readFile } from "node:fs/promises";

const listening = "0A";

/** TCP ports on which processes of a network namespace accept connections from elsewhere. @param pid of one of its processes */
export async function listeningPorts(pid: number): Promise<number[]> {
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((table) => readFile(`/proc/${pid}/net/${table}`, "utf8").catch(() => "")),
  );
  return [...new Set(tables.flatMap(portsIn))].sort((a, b) => a - b);
}

/** Ports in the kernel's table of TCP sockets, without those of the loopback addresses. */
export function portsIn(table: string): number[] {
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, local = "", , state] = line.trim().split(/\s+/);
      const [address = "", port = ""] = local.split(":");
      return state === listening && !isLoopback(address) ? [Number.parseInt(port, 16)] : [];
    });
}

/** The kernel writes addresses as hexadecimal words in the machine's byte order, which is little-endian. */
function isLoopback(address: string): boolean {
  return /^[0-9A-F]{6}7F$/.test(address) || address === "00000000000000000000000001000000";
}
