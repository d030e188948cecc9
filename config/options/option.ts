import type { Problem } from "../problem.ts";

/** Collects problems. A problem without a fix gets the general one: the command that sets the option. */
export type Report = (problem: Omit<Problem, "fix"> & { fix?: string }) => void;

/** Reads the value at `path`. When the value breaks the rule, it reports a problem and returns undefined. */
export type Read<T> = (value: unknown, path: string, report: Report) => T | undefined;

/** Keywords of JSON Schema, draft 07. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Options by their key. */
export type Shape = Readonly<Record<string, Option<unknown>>>;

/** Different defaults for the embedded cluster and for a cluster that stack config names; one may be absent. */
export interface PerCluster<D> {
  embedded?: D;
  elsewhere?: D;
}

/** Settings that every option has. */
export interface Settings<D = unknown> {
  /** What the option does, as a sentence. The documentation and editors show it. */
  doc: string;
  default?: D | PerCluster<D>;
  /** The option must be given where it has no default. Without this, such an option is optional. */
  required?: true;
}

/** What the kind of an option, such as a duration, determines. */
export interface Kind<T> {
  read: Read<T>;
  /** The allowed values, for the documentation. They complete "must be …". */
  bounds: string;
  schema: JsonSchema;
  /** Applies the defaults of the options inside the given value. */
  fill?: (given: unknown, embedded: boolean) => unknown;
  /** Options inside the value, by the rest of their path: `.timeout`, `[].name`. */
  children?: Readonly<Record<string, Option<unknown>>>;
  /** Whether the value is a secret or contains one, so that problems do not show it. Default: false. */
  isSecret?: boolean;
}

/** One option of stack config: its rule, type, default and documentation. */
export interface Option<T, Optional extends boolean = boolean> extends Required<Kind<T>> {
  readonly doc: string;
  readonly optional: Optional;
  readonly defaults: PerCluster<unknown>;
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

/** Combines the settings and the kind of an option. */
export function option<T, S extends Settings>(settings: S, kind: Kind<T>): Option<T, IsOptional<S>> {
  const defaults = isPerCluster(settings.default)
    ? settings.default
    : { embedded: settings.default, elsewhere: settings.default };
  const hasDefaults = defaults.embedded !== undefined && defaults.elsewhere !== undefined;
  return {
    fill: (given) => given,
    children: {},
    isSecret: false,
    ...kind,
    doc: settings.doc,
    defaults,
    optional: !(settings.required || hasDefaults) as IsOptional<S>,
  };
}

/** Returns the given value with every default applied; undefined if there is neither a value nor a default. */
export function complete(option: Option<unknown>, given: unknown, embedded: boolean): unknown {
  const base = embedded ? option.defaults.embedded : option.defaults.elsewhere;
  const value = given === undefined ? base : isObject(base) && isObject(given) ? merge(base, given) : given;
  return option.fill(value, embedded);
}

/** The value as problems show it. */
export function shownValue(value: unknown, isSecret: boolean): unknown {
  return isSecret ? "[secret]" : value;
}

/** Whether the value is an object, and no list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPerCluster(value: unknown): value is PerCluster<unknown> {
  return isObject(value) && ("embedded" in value || "elsewhere" in value);
}

/** Merges two objects key by key. Lists and other values of `above` replace those of `below`. */
function merge(below: Record<string, unknown>, above: Record<string, unknown>): Record<string, unknown> {
  // A map keeps the key `__proto__`, which is then refused. An assignment to an object would lose it.
  const merged = new Map(Object.entries(below));
  for (const [key, value] of Object.entries(above)) {
    const lower = merged.get(key);
    merged.set(key, isObject(lower) && isObject(value) ? merge(lower, value) : value);
  }
  return Object.fromEntries(merged);
}
