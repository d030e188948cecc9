import {
  type Static,
  type TObject,
  type TOptional,
  type TSchema,
  type TString,
  Type,
  TypeGuard,
} from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

/** How error messages describe a variable. */
interface VariableNotes {
  /** What the value must be; completes "must …". */
  rule: string;
  /** The value may hold a password, so messages do not repeat it. */
  secret?: boolean;
}

interface TextOptions extends Partial<VariableNotes> {
  default?: string;
  pattern?: string;
}

/**
 * A variable with a whole number.
 *
 * @param minimum smallest valid value
 * @param maximum largest valid value
 */
export function integer(defaultValue: number, minimum: number, maximum: number) {
  return Type.Integer({
    default: defaultValue,
    minimum,
    maximum,
    rule: `be a whole number from ${minimum} to ${maximum}`,
  });
}

/** A variable with one of several words; the first is the default. */
export function oneOf<const Words extends readonly [string, ...string[]]>(...words: Words) {
  return Type.Unsafe<Words[number]>(
    Type.String({ enum: [...words], default: words[0], rule: `be one of ${words.join(", ")}` }),
  );
}

/** A variable with a text. It is optional if it has no default. */
export function text(options: TextOptions & { default: string }): TString;
export function text(options?: TextOptions): TOptional<TString>;
export function text(options: TextOptions = {}): TSchema {
  const schema = Type.String({ rule: "be a text", ...options });
  return options.default === undefined ? Type.Optional(schema) : schema;
}

/**
 * Reads the variables of a schema from an environment. An empty variable counts as missing and gets its default.
 *
 * @param problems receives a line for each invalid variable: name, value (unless it is secret), rule
 */
export function readEnvironment<Schema extends TObject>(
  schema: Schema,
  env: NodeJS.ProcessEnv,
  problems: string[],
): Static<Schema> {
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(schema.properties)) {
    const given = env[name] || undefined;
    const value = given === undefined ? variable.default : parsed(variable, given);
    if (value === undefined && TypeGuard.IsOptional(variable)) continue;
    values[name] = value;
    if (isValid(variable, value)) continue;
    problems.push(`${name}: ${shown(variable, given)} must ${variable.rule}`);
    values[name] = variable.default;
  }
  return values as Static<Schema>;
}

function parsed(schema: TSchema, given: string): unknown {
  return schema.type === "integer" && /^\d+$/.test(given) ? Number(given) : given;
}

function isValid(schema: TSchema, value: unknown): boolean {
  return Value.Check(schema, value) && (schema.enum === undefined || schema.enum.includes(value));
}

function shown(schema: TSchema, given: string | undefined): string {
  if (given === undefined) return "it is not set; it";
  return schema.secret ? "the value" : `"${given}"`;
}
