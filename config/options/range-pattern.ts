import { type Decimal, type Unit, unitPattern } from "../units.ts";

/** Inclusive bounds of a quantity in base units. */
export interface Range {
  min: number;
  max?: number;
}

/** Regex source of every text that `parseQuantity` reads as an amount from `min` to `max`. */
export function quantityPattern(units: readonly Unit[], { min, max }: Range): string {
  const alternatives = units.map((unit) => {
    const lowest = atLeast(inUnit(min, unit, "up"));
    const highest = max === undefined ? undefined : atMost(inUnit(max, unit, "down"));
    return `${lookaheads([lowest, highest], unit.name)}${unitPattern(unit)}`;
  });
  return `^(?:${alternatives.join("|")})$`;
}

/**
 * Regex source of every number from `min` to `max`: whole numbers (`7`, `7.0`), or all decimals.
 *
 * @param suffix regex source of what follows the number.
 */
export function numberPattern(min: Decimal, max: Decimal, whole: boolean, suffix = ""): string {
  const bounds = [atLeast(digitsOf(min)), atMost(digitsOf(max))];
  return `${lookaheads(bounds, suffix)}\\d+(?:\\.${whole ? "0" : "\\d"}+)?${suffix}`;
}

function lookaheads(bounds: readonly (string | undefined)[], suffix: string): string {
  return bounds.map((bound) => (bound === undefined ? "" : `(?=${bound}${suffix}$)`)).join("");
}

/** Digits before and after the decimal point, without leading and trailing zeros. */
interface Digits {
  whole: string;
  fraction: string;
}

function digitsOf({ digits, scale }: Decimal): Digits {
  const text = digits.toString().padStart(scale + 1, "0");
  return {
    whole: text.slice(0, text.length - scale).replace(/^0+/, ""),
    fraction: text.slice(text.length - scale).replace(/0+$/, ""),
  };
}

/** Converts base units to `unit`, rounded to the next finite decimal that is a whole number of base units. */
function inUnit(amount: number, unit: Unit, rounding: "up" | "down"): Digits {
  // `steps` is the largest divisor of the size that divides a power of ten: multiples of 1 / steps are finite decimals.
  let steps = 1;
  for (const factor of [2, 5]) while (unit.size % (steps * factor) === 0) steps *= factor;
  const size = unit.size / steps;
  const count = rounding === "up" ? Math.ceil(amount / size) : Math.floor(amount / size);
  const scale = steps.toString(2).length;
  return digitsOf({ digits: (BigInt(count) * 10n ** BigInt(scale)) / BigInt(steps), scale });
}

/** Regex source of decimals that are at least the bound; undefined if the bound is 0. */
function atLeast({ whole, fraction }: Digits): string | undefined {
  if (whole === "" && fraction === "") return undefined;
  const larger = compare(whole, "above", anyDigits, undefined);
  const same =
    fraction === ""
      ? `${whole}(?:\\.\\d+)?`
      : `${whole}\\.${compare(fraction, "above", () => "\\d*", "\\d*")}`;
  return `0*(?:${oneOf([`[1-9]\\d{${whole.length},}`, larger])}(?:\\.\\d+)?|${same})`;
}

/** Regex source of decimals that are at most the bound. */
function atMost({ whole, fraction }: Digits): string {
  const shorter = whole.length < 2 ? undefined : `\\d{0,${whole.length - 1}}`;
  const smaller = compare(whole, "below", anyDigits, undefined);
  const below = [shorter, smaller].filter((part) => part !== undefined);
  const same = `${whole}(?:\\.${fraction === "" ? "0+" : compare(fraction, "below", () => "\\d*", "0*")})?`;
  return `0*(?:${below.length === 0 ? "" : `${oneOf(below)}(?:\\.\\d+)?|`}${same})`;
}

/**
 * Regex source of digits that are above or below `digits`: the first digit that differs decides.
 *
 * @param tail what may follow that digit if the bound has `left` more digits.
 * @param equal what may follow if all digits are equal; undefined: equal digits do not match.
 */
function compare(
  digits: string,
  side: "above" | "below",
  tail: (left: number) => string,
  equal: string | undefined,
): string | undefined {
  if (digits === "") return equal;
  const first = Number(digits[0]);
  const rest = digits.slice(1);
  const alternatives: string[] = [];
  if (side === "above" && first < 9) alternatives.push(`${oneDigit(first + 1, 9)}${tail(rest.length)}`);
  if (side === "below" && first > 0) alternatives.push(`${oneDigit(0, first - 1)}${tail(rest.length)}`);
  const same = compare(rest, side, tail, equal);
  // After the decimal point, a number with fewer digits is smaller.
  const isOptional = side === "below" && equal !== undefined;
  if (same !== undefined) alternatives.push(`${first}${isOptional ? `(?:${same})?` : same}`);
  return alternatives.length === 0 ? undefined : oneOf(alternatives);
}

function oneOf(alternatives: readonly (string | undefined)[]): string {
  const given = alternatives.filter((alternative) => alternative !== undefined);
  return given.length === 1 ? String(given[0]) : `(?:${given.join("|")})`;
}

function anyDigits(count: number): string {
  return count < 2 ? "\\d".repeat(count) : `\\d{${count}}`;
}

function oneDigit(from: number, to: number): string {
  if (from === to) return String(from);
  return from === 0 && to === 9 ? "\\d" : `[${from}-${to}]`;
}
