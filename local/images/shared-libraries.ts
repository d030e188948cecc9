import { open } from "node:fs/promises";

const segmentLoad = 1;
const segmentDynamic = 2;
const tagNeeded = 1n;
const tagStrings = 5n;

/**
 * Reads the names of the shared libraries that a program or library needs (DT_NEEDED of ELF's dynamic section), such as
 * `libc.so.6`.
 *
 * @returns nothing for a static program, and for a file that is not a 64-bit little-endian ELF.
 */
export async function neededLibraries(path: string): Promise<string[]> {
  const file = await open(path);
  const read = async (offset: bigint | number, length: number): Promise<Buffer> =>
    (await file.read(Buffer.alloc(length), 0, length, Number(offset))).buffer;
  try {
    const header = await read(0, 64);
    if (header.toString("latin1", 0, 4) !== "\x7fELF" || header[4] !== 2 || header[5] !== 1) return [];
    const entrySize = header.readUInt16LE(54);
    const table = await read(header.readBigUInt64LE(32), entrySize * header.readUInt16LE(56));
    const segments: { type: number; offset: bigint; address: bigint; size: bigint }[] = [];
    for (let at = 0; at < table.length; at += entrySize) {
      segments.push({
        type: table.readUInt32LE(at),
        offset: table.readBigUInt64LE(at + 8),
        address: table.readBigUInt64LE(at + 16),
        size: table.readBigUInt64LE(at + 32),
      });
    }
    const dynamic = segments.find(({ type }) => type === segmentDynamic);
    if (dynamic === undefined) return [];
    const entries = await read(dynamic.offset, Number(dynamic.size));
    const names: bigint[] = [];
    let strings = 0n;
    for (let at = 0; at + 16 <= entries.length; at += 16) {
      const [tag, value] = [entries.readBigUInt64LE(at), entries.readBigUInt64LE(at + 8)];
      if (tag === 0n) break;
      if (tag === tagNeeded) names.push(value);
      if (tag === tagStrings) strings = value;
    }
    // The position of the table of names is an address in memory.
    const home = segments.find(
      ({ type, address, size }) => type === segmentLoad && address <= strings && strings < address + size,
    );
    if (home === undefined) return [];
    const start = strings - home.address + home.offset;
    return Promise.all(
      names.map(async (name) => (await read(start + name, 256)).toString("latin1").split("\0", 1)[0] ?? ""),
    );
  } finally {
    await file.close();
  }
}
