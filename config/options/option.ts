import type { Problem } from "../problem.ts";

/** Collects problems; the reader of an option knows its rule, the collector knows the fix. */
export type Report = (problem: Omit<Problem, "fix"> & { fix?: string }) => void;

/** Reads one value at `path`; reports and returns undefined when the value breaks the option's rule. */
export type Read<T> = (value: unknown, path: string, report: Report) => T | undefined;

/** Keywords of JSON Schema, draft 07. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Options by their key. */
export type Shape = Readonly<Record<string, Option<unknown>>>;

/** A default for the embedded cluster, for every other cluster, or a different one for each. */
export interface PerCluster<D> {
  embedded?: D;
  elsewhere?: D;
}

/** What every option says about itself. */
export interface Settings<D = unknown> {
  /** What the option does, in a full sentence for the documentation and for editors. */
  doc: string;
  default?: D | PerCluster<D>;
  /** Must be given where it has no default. An option with neither is optional. */
  required?: true;
  /** The default counts only where this holds for the values beside it. */
  appliesTo?: (section: Readonly<Record<string, unknown>>) => boolean;
}

/** What an option's kind adds to its settings. */
export interface Kind<T> {
  read: Read<T>;
  /** Allowed values, for the documentation; the rest of the sentence "must be …". */
  bounds: string;
  schema: JsonSchema;
  /** Lays a given value over the defaults inside of it. */
  fill?: (given: unknown, embedded: boolean) => unknown;
  /** Options inside of it, by the rest of their path: `.timeout`, `[].name`. */
  children?: Readonly<Record<string, Option<unknown>>>;
}

/** One option of stack config: its rule, type, default and documentation. */
export interface Option<T, Optional extends boolean = boolean> extends Required<Kind<T>> {
  readonly doc: string;
  readonly optional: Optional;
  readonly defaults: PerCluster<unknown>;
  readonly appliesTo?: (section: Readonly<Record<string, unknown>>) => boolean;
}

/** The type of the option's parsed value. */
export type ValueOf<O> = O extends Option<infer T> ? T : never;

/** The type of a section's parsed value: options without a default are optional. */
export type ShapeValue<S extends Shape> = Flat<
  { [K in keyof S as S[K]["optional"] extends true ? never : K]: ValueOf<S[K]> } & {
    [K in keyof S as S[K]["optional"] extends true ? K : never]?: ValueOf<S[K]>;
  }
>;

type Flat<T> = { [K in keyof T]: T[K] };

/** Whether an option with these settings may have no value. */
export type IsOptional<S extends Settings> = S extends
  | { required: true }
  | { default: { embedded: unknown; elsewhere: unknown } }
  ? false
  : S extends { default: { embedded: unknown } | { elsewhere: unknown } }
    ? true
    : S extends { default: unknown }
      ? false
      : true;

/** Makes an option of its kind and its settings. */
export function option<T, S extends Settings>(settings: S, kind: Kind<T>): Option<T, IsOptional<S>> {
  const defaults = isPerCluster(settings.default)
    ? settings.default
    : { embedded: settings.default, elsewhere: settings.default };
  const hasDefaults = defaults.embedded !== undefined && defaults.elsewhere !== undefined;
  return {
    fill: (given) => given,
    children: {},
    ...kind,
    doc: settings.doc,
    defaults,
    appliesTo: settings.appliesTo,
    optional: !(settings.required || hasDefaults) as IsOptional<S>,
  };
}

/** The option's value with every default applied; undefined when it has none. */
export function complete(option: Option<unknown>, given: unknown, embedded: boolean): unknown {
  const base = embedded ? option.defaults.embedded : option.defaults.elsewhere;
  const value = given === undefined ? base : isObject(base) && isObject(given) ? merge(base, given) : given;
  return option.fill(value, embedded);
}

/** Whether the value is an object with keys, and no list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPerCluster(value: unknown): value is PerCluster<unknown> {
  return isObject(value) && ("embedded" in value || "elsewhere" in value);
}

/** `above` laid over `below`: objects key by key, everything else (lists too) as a whole. */
function merge(below: Record<string, unknown>, above: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const lower = merged[key];
    merged[key] = isObject(lower) && isObject(value) ? merge(lower, value) : value;
  }
  return merged;
}
