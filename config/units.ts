const bytesPerUnit: Record<string, number> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
};

const millisecondsPerUnit: Record<string, number> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };

/** One mebibyte in bytes. */
export const MiB = 1024 ** 2;

/**
 * `"192 MiB"` → 201326592. Units: B, KiB, MiB, GiB and Kubernetes' Ki, Mi, Gi; the space is optional.
 * Returns undefined for anything else: a bare number, a unit of ten (`MB`), a fraction of a byte, leftovers.
 */
export function parseBytes(text: unknown): number | undefined {
  return parseQuantity(text, bytesPerUnit);
}

/** `"30 s"` → 30000. Units: ms, s, min, h. Returns undefined for anything else, a bare number included. */
export function parseMilliseconds(text: unknown): number | undefined {
  return parseQuantity(text, millisecondsPerUnit);
}

/** `"250m"` → 250, `"0.5"`, `0.5` → 500: thousandths of a CPU. Returns undefined for anything else. */
export function parseMillicpu(value: unknown): number | undefined {
  const match = /^(?:(?<milli>\d+)m|(?<cores>\d+(?:\.\d{1,3})?))$/.exec(String(value));
  if (match?.groups === undefined || (typeof value !== "string" && typeof value !== "number"))
    return undefined;
  const { milli, cores } = match.groups;
  return milli !== undefined ? Number(milli) : Math.round(Number(cores) * 1000);
}

/** 201326592 → `"192 MiB"`: the largest unit that leaves no fraction. */
export function formatBytes(bytes: number): string {
  for (const unit of ["GiB", "MiB", "KiB"]) {
    const size = bytesPerUnit[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`;
  }
  return `${bytes} B`;
}

/** 30000 → `"30 s"`: the largest unit that leaves no fraction. */
export function formatMilliseconds(milliseconds: number): string {
  for (const unit of ["h", "min", "s"]) {
    const size = millisecondsPerUnit[unit] ?? 1;
    if (milliseconds >= size && milliseconds % size === 0) return `${milliseconds / size} ${unit}`;
  }
  return `${milliseconds} ms`;
}

/** 250 → `"250m"`, as Kubernetes writes it. */
export function formatMillicpu(millicpu: number): string {
  return `${millicpu}m`;
}

function parseQuantity(text: unknown, units: Record<string, number>): number | undefined {
  if (typeof text !== "string") return undefined;
  const match = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text);
  const size = units[match?.[2] ?? ""];
  if (match === null || size === undefined) return undefined;
  const amount = Number(match[1]) * size;
  return Number.isSafeInteger(amount) ? amount : undefined;
}
