import { type Decimal, type Unit, unitPattern } from "../units.ts";

/** Inclusive bounds of a quantity in base units; `max` absent: as far as the units go. */
export interface Range {
  min: number;
  max?: number;
}

/**
 * Regex source of a text with a quantity from `min` to `max` in any of the units. It accepts the same texts as
 * `parseQuantity` and a comparison with the bounds.
 */
export function quantityPattern(units: readonly Unit[], { min, max }: Range): string {
  const alternatives = units.map((unit) => {
    const lookaheads = [
      min === 0 ? "" : `(?=${atLeast(inUnit(min, unit, "up"))}${unit.name}$)`,
      max === undefined ? "" : `(?=${atMost(inUnit(max, unit, "down"))}${unit.name}$)`,
    ];
    return `${lookaheads.join("")}${unitPattern(unit)}`;
  });
  return `^(?:${alternatives.join("|")})$`;
}

/**
 * Regex source of a text with a number from `min` to `max`: whole (`7`, `7.0`), or any decimal.
 *
 * @param suffix regex source of what follows the number.
 */
export function numberPattern(min: Decimal, max: Decimal, whole: boolean, suffix = ""): string {
  const bounds = [atLeast(digitsOf(min)), atMost(digitsOf(max))].map((bound) => `(?=${bound}${suffix}$)`);
  return `${bounds.join("")}\\d+(?:\\.${whole ? "0" : "\\d"}+)?${suffix}`;
}

/** Digits before and after the point, without zeros at the ends. */
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

/** `amount` base units in `unit`, rounded to the nearest decimal that is a whole number of base units. */
function inUnit(amount: number, unit: Unit, rounding: "up" | "down"): Digits {
  // The part of the size that divides a power of ten; only multiples of its inverse are finite decimals.
  let steps = 1;
  for (const factor of [2, 5]) while (unit.size % (steps * factor) === 0) steps *= factor;
  const size = unit.size / steps;
  const count = rounding === "up" ? Math.ceil(amount / size) : Math.floor(amount / size);
  const scale = steps.toString(2).length;
  return digitsOf({ digits: (BigInt(count) * 10n ** BigInt(scale)) / BigInt(steps), scale });
}

/** Regex source of decimals that are at least the bound. */
function atLeast({ whole, fraction }: Digits): string {
  const longer = `[1-9]\\d{${whole.length},}`;
  const larger = compare(whole, "above", (left) => `\\d{${left}}`, undefined);
  const same =
    fraction === ""
      ? `${whole}(?:\\.\\d+)?`
      : `${whole}\\.${compare(fraction, "above", () => "\\d*", "\\d*")}`;
  const above = larger === undefined ? longer : `(?:${longer}|${larger})`;
  return `0*(?:${above}(?:\\.\\d+)?|${same})`;
}

/** Regex source of decimals that are at most the bound. */
function atMost({ whole, fraction }: Digits): string {
  const shorter = whole === "" ? undefined : `\\d{0,${whole.length - 1}}`;
  const smaller = compare(whole, "below", (left) => `\\d{${left}}`, undefined);
  const below = [shorter, smaller].filter((part) => part !== undefined).join("|");
  const same = `${whole}(?:\\.${fraction === "" ? "0+" : compare(fraction, "below", () => "\\d*", "0*")})?`;
  return `0*(?:${below === "" ? "" : `(?:${below})(?:\\.\\d+)?|`}${same})`;
}

/**
 * Regex source of the digits that are above or below `digits` at the first difference.
 *
 * @param tail what follows that digit, when the bound has `left` more digits.
 * @param equal what follows when there is no difference; undefined: such digits do not match.
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
  // Fewer digits after the point are a smaller number.
  if (same !== undefined)
    alternatives.push(`${first}${side === "below" && equal !== undefined ? `(?:${same})?` : same}`);
  return alternatives.length === 0 ? undefined : `(?:${alternatives.join("|")})`;
}

function oneDigit(from: number, to: number): string {
  if (from === to) return String(from);
  return from === 0 && to === 9 ? "\\d" : `[${from}-${to}]`;
}
