/** Bytes; in stack config a text with its unit, e.g. `192 MiB`. */
export type Bytes = number;
/** Milliseconds; in stack config a text with its unit, e.g. `30 s`. */
export type Milliseconds = number;
/** Thousandths of a CPU; in stack config Kubernetes' spelling, e.g. `250m` or `0.5`. */
export type Millicpu = number;

/** How amounts in one unit are written. */
export interface Unit {
  /** Regex of the unit's name, with the space in front of it. */
  name: string;
  /** Base units (bytes, milliseconds, thousandths) in one of this unit. */
  size: number;
  /** Digits before the point, leading zeros not counted; one more is allowed when the first is 1 to 7. */
  digits: number;
  /** Regex of the digits after the point; absent: the unit takes whole numbers only, without a point. */
  fraction?: string;
}

/** Units of memory and storage: powers of 1024. Amounts up to 7999 TiB are exact as JavaScript numbers. */
export const byteUnits: readonly Unit[] = [
  { name: " ?B", size: 1, digits: 15, fraction: "0+" },
  { name: " ?KiB?", size: 1024, digits: 12, fraction: "\\d+" },
  { name: " ?MiB?", size: 1024 ** 2, digits: 9, fraction: "\\d+" },
  { name: " ?GiB?", size: 1024 ** 3, digits: 6, fraction: "\\d+" },
  { name: " ?TiB?", size: 1024 ** 4, digits: 3, fraction: "\\d+" },
];

/** Units of time, with the fractions that are whole milliseconds. */
export const timeUnits: readonly Unit[] = [
  { name: " ?ms", size: 1, digits: 9, fraction: "0+" },
  { name: " ?s", size: 1000, digits: 9, fraction: "\\d{1,3}0*" },
  { name: " ?min", size: 60_000, digits: 9, fraction: "\\d{1,4}[05]?0*" },
  { name: " ?h", size: 3_600_000, digits: 9, fraction: "\\d{1,5}(?:[27]?5)?0*" },
];

/** Units of time for limits of gates, which may be fractions of a millisecond. */
export const exactTimeUnits: readonly Unit[] = timeUnits.map((unit) => ({ ...unit, fraction: "\\d+" }));

/** Units of CPU: thousandths with an `m`, or cores. */
export const cpuUnits: readonly Unit[] = [
  { name: "m", size: 1, digits: 9 },
  { name: "", size: 1000, digits: 6, fraction: "\\d{1,3}" },
];

/** One mebibyte in bytes. */
export const KiB = 1024;
export const MiB = 1024 ** 2;

/** Exactly `digits / 10 ** scale`. */
export interface Decimal {
  digits: bigint;
  scale: number;
}

/** `"16.1"` → 161 / 10 ** 1. Returns undefined for anything but digits with at most one point between them. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, whole = "", fraction = ""] = match;
  return { digits: BigInt(whole + fraction), scale: fraction.length };
}

/** Regex source of every quantity in the unit. */
export function unitPattern({ name, digits, fraction }: Unit): string {
  return `0*[1-7]?\\d{1,${digits}}${fraction === undefined ? "" : `(?:\\.${fraction})?`}${name}`;
}

/** Whether the decimal is from `min` to `max`, compared exactly. */
export function isWithin({ digits, scale }: Decimal, min: Decimal, max?: Decimal): boolean {
  const scaled = (other: Decimal) => other.digits * 10n ** BigInt(scale);
  const own = (other: Decimal) => digits * 10n ** BigInt(other.scale);
  return own(min) >= scaled(min) && (max === undefined || own(max) <= scaled(max));
}

/**
 * Reads a quantity exactly.
 *
 * @returns the amount in base units, or undefined when `text` is written in none of the units.
 */
export function parseQuantity(text: unknown, units: readonly Unit[]): Decimal | undefined {
  if (typeof text !== "string") return undefined;
  const unit = units.find((candidate) => new RegExp(`^${unitPattern(candidate)}$`).test(text));
  const amount = parseDecimal(/^[\d.]*/.exec(text)?.[0] ?? "");
  if (unit === undefined || amount === undefined) return undefined;
  return { digits: amount.digits * BigInt(unit.size), scale: amount.scale };
}

/**
 * `"192 MiB"` → 201326592; a fraction of a byte is rounded down. Units: B, KiB, MiB, GiB, TiB and Kubernetes' Ki, Mi,
 * Gi, Ti; the space is optional. Returns undefined for anything else: a bare number, a unit of ten (`MB`), leftovers.
 */
export function parseBytes(text: unknown): Bytes | undefined {
  return wholePart(parseQuantity(text, byteUnits));
}

/**
 * `"30 s"` → 30000. Units: ms, s, min, h. Returns undefined for anything else, a bare number and a fraction of a
 * millisecond included.
 */
export function parseMilliseconds(text: unknown): Milliseconds | undefined {
  return wholePart(parseQuantity(text, timeUnits));
}

/** Like parseMilliseconds, but takes fractions of a millisecond: `"2.5 ms"` → 2.5. */
export function parseExactMilliseconds(text: unknown): Milliseconds | undefined {
  const amount = parseQuantity(text, exactTimeUnits);
  return amount === undefined ? undefined : Number(`${amount.digits}e-${amount.scale}`);
}

/** `"250m"` → 250, `"0.5"`, `0.5` → 500: thousandths of a CPU. Returns undefined for anything else. */
export function parseMillicpu(value: unknown): Millicpu | undefined {
  return wholePart(parseQuantity(typeof value === "number" ? String(value) : value, cpuUnits));
}

/** 201326592 → `"192 MiB"`: the largest unit that leaves no fraction. */
export function formatBytes(bytes: Bytes): string {
  return format(bytes, { TiB: 1024 ** 4, GiB: 1024 ** 3, MiB: 1024 ** 2, KiB: 1024 }, "B");
}

/** 30000 → `"30 s"`: the largest unit that leaves no fraction. */
export function formatMilliseconds(milliseconds: Milliseconds): string {
  return format(milliseconds, { h: 3_600_000, min: 60_000, s: 1000 }, "ms");
}

/** 250 → `"250m"`, as Kubernetes writes it. */
export function formatMillicpu(millicpu: Millicpu): string {
  return `${millicpu}m`;
}

function format(amount: number, units: Record<string, number>, baseUnit: string): string {
  for (const [unit, size] of Object.entries(units)) {
    if (amount >= size && amount % size === 0) return `${amount / size} ${unit}`;
  }
  return `${amount} ${baseUnit}`;
}

function wholePart(amount: Decimal | undefined): number | undefined {
  return amount === undefined ? undefined : Number(amount.digits / 10n ** BigInt(amount.scale));
}
