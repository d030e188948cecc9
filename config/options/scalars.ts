import { closest } from "../closest.ts";
import {
  byteUnits,
  cpuUnits,
  type Decimal,
  isWithin,
  parseBytes,
  parseDecimal,
  parseMillicpu,
  parseMilliseconds,
  parseQuantity,
  timeUnits,
  type Unit,
} from "../units.ts";
import { type IsOptional, type Option, option, type Read, type Settings, shownValue } from "./option.ts";
import { numberPattern, quantityPattern } from "./range-pattern.ts";

/** An option with a value of type T, optional or not by its settings. */
type Of<T, S extends Settings> = Option<T, IsOptional<S>>;

interface NumberRange {
  min: number;
  max: number;
}

/** A whole number from `min` to `max`. Its digits may be a text, since `pulumi config set` may store one. */
export function integer<const S extends Settings<number> & NumberRange>(settings: S): Of<number, S> {
  return numeric(settings, "a whole number", true);
}

/** Any number from `min` to `max`. Its digits may be a text. */
export function decimal<const S extends Settings<number> & NumberRange>(settings: S): Of<number, S> {
  return numeric(settings, "a number", false);
}

/** A whole number from `min` to `max`, or the word. */
export function integerOr<
  const W extends string,
  const S extends Settings<number | NoInfer<W>> & NumberRange,
>(word: W, settings: S): Of<number | W, S> {
  const number = numeric(settings, "a whole number", true);
  const rule = `must be ${word}, or a whole number from ${settings.min} to ${settings.max}`;
  return option<number | W, S>(settings, {
    read: scalar(rule, (value) => (value === word ? word : number.read(value, "", () => {}))),
    bounds: `${word}, or ${number.bounds}`,
    schema: { ...number.schema, pattern: `^(?:${word}|${String(number.schema.pattern).slice(1, -1)})$` },
  });
}

interface QuantityRange {
  min: string;
  max?: string;
}

/** A size of memory or storage with its unit, from `min` to `max` if there is a `max`. */
export function size<const S extends Settings<string> & QuantityRange>(settings: S): Of<number, S> {
  return quantity(settings, byteUnits, parseBytes, 'written with its unit like "192 MiB"');
}

/** A time with its unit, from `min` to `max`. */
export function duration<const S extends Settings<string> & Required<QuantityRange>>(
  settings: S,
): Of<number, S> {
  return quantity(settings, timeUnits, parseMilliseconds, 'written with its unit like "30 s"');
}

/** CPU as Kubernetes writes it, at least `min`. */
export function cpu<const S extends Settings<string> & QuantityRange>(settings: S): Of<number, S> {
  const option = quantity(settings, cpuUnits, parseMillicpu, 'written like "250m" or "0.5"', " of CPU");
  const minimum = (parseMillicpu(settings.min) ?? 0) / 1000;
  return {
    ...option,
    schema: { ...option.schema, type: ["number", "string"], minimum, maximum: 7_999_999.999 },
  };
}

/** true or false, also as a text. */
export function flag<const S extends Settings<boolean>>(settings: S): Of<boolean, S> {
  return option(settings, {
    read: scalar("must be true or false", (value) =>
      value === true || value === "true" ? true : value === false || value === "false" ? false : undefined,
    ),
    bounds: "true or false",
    schema: { enum: [true, false, "true", "false"] },
  });
}

/** One of the given texts. */
export function oneOf<const T extends string, const S extends Settings<NoInfer<T>>>(
  values: readonly T[],
  settings: S,
): Of<T, S> {
  return option(settings, {
    read: (value, path, report) => {
      const found = values.find((candidate) => candidate === value);
      if (found !== undefined) return found;
      const near = typeof value === "string" ? closest(value, values) : undefined;
      const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
      return void report({ path, value, rule: `must be one of ${values.join(", ")}${hint}` });
    },
    bounds: values.join(", "),
    schema: { enum: values },
  });
}

interface TextRule {
  pattern: RegExp;
  /** The pattern in words: `must be …`. */
  rule: string;
}

/** A text that matches `pattern`. */
export function text<const S extends Settings<string> & TextRule>(settings: S): Of<string, S> {
  const { pattern, rule } = settings;
  return option(settings, {
    read: (value, path, report) => {
      const isUnquoted = typeof value === "number" || typeof value === "boolean";
      if (isUnquoted && pattern.test(String(value)))
        return void report({
          path,
          value,
          rule: "must be a text",
          fix: "put it in quotes in the stack's file",
        });
      if (typeof value === "string" && pattern.test(value)) return value;
      return void report({ path, value, rule });
    },
    bounds: rule.replace("must ", "").replace("be ", ""),
    schema: { type: "string", pattern: pattern.source },
  });
}

/** A text that matches `pattern`, is never shown, and may be encrypted by Pulumi. */
export function secret<const S extends Settings<string> & TextRule>(settings: S): Of<string, S> {
  const shown = text(settings);
  return { ...shown, isSecret: true, read: hidden(shown.read), schema: orEncrypted(shown.schema) };
}

/**
 * A text that matches `pattern`. Numbers and truth values are read as their spelling, since `pulumi config set --path`
 * stores `1` and `true` so. A secret is never shown.
 */
export function spelling<const S extends Settings<string> & Partial<TextRule> & { secret?: true }>(
  settings: S,
): Of<string, S> {
  const { pattern, rule = "must be a text" } = settings;
  const read: Read<string> = scalar(rule, (value) => {
    const spelled = ["string", "number", "boolean"].includes(typeof value) ? String(value) : undefined;
    return spelled !== undefined && (pattern?.test(spelled) ?? true) ? spelled : undefined;
  });
  const schema = {
    type: ["string", "number", "boolean"],
    ...(pattern === undefined ? {} : { pattern: pattern.source, minimum: 0 }),
  };
  return option(settings, {
    read: settings.secret ? hidden(read) : read,
    bounds: rule.replace("must ", "").replace("be ", ""),
    schema: settings.secret ? orEncrypted(schema) : schema,
    isSecret: settings.secret === true,
  });
}

function numeric<S extends Settings & NumberRange>(settings: S, noun: string, whole: boolean): Of<number, S> {
  const { min, max } = settings;
  const lowest = parseDecimal(String(min)) as Decimal;
  const highest = parseDecimal(String(max)) as Decimal;
  const pattern = `^${numberPattern(lowest, highest, whole)}$`;
  return option(settings, {
    read: scalar(`must be ${noun} from ${min} to ${max}`, (value) => {
      if (typeof value === "string") return new RegExp(pattern).test(value) ? Number(value) : undefined;
      const fits = typeof value === "number" && value >= min && value <= max;
      return fits && (!whole || Number.isInteger(value)) ? value : undefined;
    }),
    bounds: `${min} to ${max}`,
    schema: { type: [whole ? "integer" : "number", "string"], minimum: min, maximum: max, pattern },
  });
}

function quantity<S extends Settings & QuantityRange>(
  settings: S,
  units: readonly Unit[],
  parse: (value: unknown) => number | undefined,
  spelling: string,
  noun = "",
): Of<number, S> {
  const bound = (text: string) => parseQuantity(text, units) ?? fail(text);
  const [min, max] = [bound(settings.min), settings.max === undefined ? undefined : bound(settings.max)];
  const range = max === undefined ? `at least ${settings.min}` : `from ${settings.min} to ${settings.max}`;
  const base = (amount: Decimal) => Number(amount.digits) / 10 ** amount.scale;
  return option(settings, {
    read: scalar(`must be ${range}${noun}, ${spelling}`, (value) => {
      const amount = parseQuantity(typeof value === "number" ? String(value) : value, units);
      return amount !== undefined && isWithin(amount, min, max) ? parse(value) : undefined;
    }),
    bounds: range.replace("from ", ""),
    schema: {
      type: "string",
      pattern: quantityPattern(units, { min: base(min), max: max === undefined ? undefined : base(max) }),
    },
  });
}

function fail(text: string): never {
  throw new Error(`a bound of an option is no quantity: ${text}`);
}

function scalar<T>(rule: string, parse: (value: unknown) => T | undefined): Read<T> {
  return (value, path, report) => {
    const parsed = parse(value);
    if (parsed === undefined) report({ path, value, rule });
    return parsed;
  };
}

/** Hides the value in problems. */
function hidden<T>(read: Read<T>): Read<T> {
  return (value, path, report) =>
    read(value, path, (problem) => report({ ...problem, value: shownValue(problem.value, true) }));
}

/** Accepts an encrypted value, too: an object with the key `secure`. */
function orEncrypted(schema: object): { anyOf: object[] } {
  return { anyOf: [schema, { $ref: "#/definitions/encrypted" }] };
}
