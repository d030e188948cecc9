import { closest } from "./closest.ts";
import type { Problem } from "./problem.ts";
import type { Bytes, Millicpu, Milliseconds } from "./schema.ts";
import { formatBytes, formatMilliseconds, parseBytes, parseMillicpu, parseMilliseconds } from "./units.ts";

/** Collects problems; the reader of a field knows its rule, the collector knows the fix. */
export type Report = (problem: Omit<Problem, "fix"> & { fix?: string }) => void;

/** Reads one value at `path`; reports and returns undefined when the value breaks the field's rule. */
export type Field<T> = (value: unknown, path: string, report: Report) => T | undefined;

/** One field per key of T. */
export type Fields<T> = { [K in keyof T]-?: Field<Exclude<T[K], undefined>> };

/** Whole number, `min` … `max`; a text of digits counts, since `pulumi config set` may store one. */
export function integer(min: number, max: number): Field<number> {
  return scalar(`must be a whole number from ${min} to ${max}`, (value) => {
    const amount = toNumber(value);
    return amount !== undefined && Number.isInteger(amount) && amount >= min && amount <= max
      ? amount
      : undefined;
  });
}

/** A whole number in its range, or a word instead. */
export function integerOr<const T extends string>(word: T, min: number, max: number): Field<number | T> {
  return scalar(`must be ${word}, or a whole number from ${min} to ${max}`, (value) => {
    if (value === word) return word;
    const amount = toNumber(value);
    return amount !== undefined && Number.isInteger(amount) && amount >= min && amount <= max
      ? amount
      : undefined;
  });
}

/** Any number, `min` … `max`. */
export function decimal(min: number, max: number): Field<number> {
  return scalar(`must be a number from ${min} to ${max}`, (value) => {
    const amount = toNumber(value);
    return amount !== undefined && amount >= min && amount <= max ? amount : undefined;
  });
}

/** Memory or storage with its unit, at least `min` bytes. */
export function bytes(min: Bytes): Field<Bytes> {
  return scalar(`must be at least ${formatBytes(min)}, written with its unit like "192 MiB"`, (value) => {
    const amount = parseBytes(value);
    return amount !== undefined && amount >= min ? amount : undefined;
  });
}

/** Time with its unit, `min` … `max` milliseconds. */
export function milliseconds(min: Milliseconds, max: Milliseconds): Field<Milliseconds> {
  const range = `${formatMilliseconds(min)} to ${formatMilliseconds(max)}`;
  return scalar(`must be from ${range}, written with its unit like "30 s"`, (value) => {
    const amount = parseMilliseconds(value);
    return amount !== undefined && amount >= min && amount <= max ? amount : undefined;
  });
}

/** CPU in Kubernetes' spelling, at least `min` thousandths. */
export function millicpu(min: Millicpu): Field<Millicpu> {
  return scalar(`must be at least ${min}m of CPU, written like "250m" or "0.5"`, (value) => {
    const amount = parseMillicpu(value);
    return amount !== undefined && amount >= min ? amount : undefined;
  });
}

/** Text that matches `pattern`; `rule` says so in words. */
export function text(pattern: RegExp, rule: string): Field<string> {
  return scalar(rule, (value) => (typeof value === "string" && pattern.test(value) ? value : undefined));
}

/** Like text(), but the value is never shown. */
export function secretText(pattern: RegExp, rule: string): Field<string> {
  return (value, path, report) => {
    if (typeof value === "string" && pattern.test(value)) return value;
    report({ path, value: "[secret]", rule });
    return undefined;
  };
}

/**
 * Any text, never shown: it may be a secret. Numbers and truth values count as their spelling, since
 * `pulumi config set --path` makes them of `1` and `true`.
 */
export const secretScalar: Field<string> = (value, path, report) => {
  if (["string", "number", "boolean"].includes(typeof value)) return String(value);
  report({ path, value: "[secret]", rule: "must be a text" });
  return undefined;
};

/** true or false. */
export const flag: Field<boolean> = scalar("must be true or false", (value) =>
  value === true || value === "true" ? true : value === false || value === "false" ? false : undefined,
);

/** One of the given texts. */
export function oneOf<const T extends string>(...values: T[]): Field<T> {
  return (value, path, report) => {
    const found = values.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    const near = closest(String(value), values);
    const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
    report({ path, value, rule: `must be one of ${values.join(", ")}${hint}` });
    return undefined;
  };
}

/** An object with any keys that match `key`, all values alike. */
export function mapOf<T>(key: RegExp, keyRule: string, field: Field<T>): Field<Record<string, T>> {
  return (value, path, report) => {
    if (!isObject(value)) return void report({ path, value, rule: "must be an object of names and values" });
    const result: Record<string, T> = {};
    for (const [name, item] of Object.entries(value)) {
      if (!key.test(name))
        report({ path: `${path}.${name}`, value: item, rule: keyRule, fix: "rename the key" });
      const read = field(item, `${path}.${name}`, report);
      if (read !== undefined) result[name] = read;
    }
    return result;
  };
}

/** A list with at least one item. */
export function listOf<T>(field: Field<T>): Field<T[]> {
  return (value, path, report) => {
    if (!Array.isArray(value) || value.length === 0) {
      return void report({ path, value, rule: "must be a list with at least one item" });
    }
    return value
      .map((item, index) => field(item, `${path}[${index}]`, report))
      .filter((item) => item !== undefined);
  };
}

/** An object with known keys. Those in `optional` may be missing; unknown keys are reported with the nearest name. */
export function section<T extends object>(fields: Fields<T>, ...optional: (keyof T & string)[]): Field<T> {
  return (value, path, report) => {
    if (!isObject(value)) return void report({ path, value, rule: "must be an object" });
    const known = Object.keys(fields);
    const result: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      if (!known.includes(key)) report(unknownKey(join(path, key), value[key], key, known));
    }
    for (const [key, read] of Object.entries<Field<unknown>>(fields as Record<string, Field<unknown>>)) {
      if (value[key] !== undefined) result[key] = read(value[key], join(path, key), report);
      else if (!(optional as string[]).includes(key))
        report({ path: join(path, key), value: undefined, rule: "is required" });
    }
    // Complete only when nothing was reported, which is what validate() waits for.
    return result as T;
  };
}

function unknownKey(path: string, value: unknown, key: string, known: string[]) {
  const near = closest(key, known);
  const hint = near === undefined ? `known keys are ${known.join(", ")}` : `did you mean ${near}?`;
  const shown = typeof value === "object" ? undefined : value;
  return {
    path,
    value: shown,
    rule: "is not a known key",
    fix: `${hint} (pulumi config rm --path '${path}')`,
  };
}

function scalar<T>(rule: string, parse: (value: unknown) => T | undefined): Field<T> {
  return (value, path, report) => {
    const parsed = parse(value);
    if (parsed === undefined) report({ path, value, rule });
    return parsed;
  };
}

function toNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
