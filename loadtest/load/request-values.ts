import { randomUUID } from "node:crypto";
import { type Generator, type Slot, slotsOf, type Template } from "../../contract/request-template.ts";
import { exitCodes, UserError } from "../../contract/user-error.ts";
import { type Random, zipf } from "../../measure/random.ts";
import { RequestFiles } from "./request-files.ts";
import type { Session } from "./session.ts";

/** Skew of `zipf`, as of the keys of the example API. */
const zipfExponent = 1;

/** What the values of requests are made of. */
export interface ValueContext {
  random: Random;
  /** Default: the environment of this process. */
  env?: NodeJS.ProcessEnv;
  files?: RequestFiles;
  /** Rows in turn: this thread, from 0, takes every n-th row. Default: all rows. */
  thread?: number;
  threads?: number;
}

type Maker = (session: Session | undefined) => string;

/** Makes the values of one kind of request. Each value has an index. */
export class RequestValues {
  readonly #kind: string;
  readonly #context: ValueContext;
  readonly #files: RequestFiles;
  readonly #indexes = new Map<string, number>();
  readonly #makers: Maker[] = [];
  /** The values of the session, which may have changed when the request is sent again. */
  readonly #ofSession: [index: number, Maker][] = [];
  readonly #rows = new Map<string, CsvRows>();

  /**
   * @param kind name of the request, for messages
   * @throws {UserError} with exit code 2 when a variable or a file is missing
   */
  constructor(kind: string, templates: readonly Template[], context: ValueContext) {
    this.#kind = kind;
    this.#context = context;
    this.#files = context.files ?? new RequestFiles();
    for (const { name, generator } of slotsOf(templates)) {
      if (generator.kind === "same" || generator.kind === "file" || this.#indexes.has(name)) continue;
      const maker = this.#makerOf(generator);
      if (generator.kind === "from") this.#ofSession.push([this.#makers.length, maker]);
      this.#indexes.set(name, this.#makers.length);
      this.#makers.push(maker);
    }
  }

  /** Whether all requests of the kind are equal. */
  get isEmpty(): boolean {
    return this.#makers.length === 0;
  }

  /** Index of a slot's value. */
  indexOf({ name }: Slot): number {
    return this.#indexes.get(name) ?? -1;
  }

  /** The values of the next request. */
  next(session: Session | undefined): string[] {
    for (const rows of this.#rows.values()) rows.advance();
    return this.#makers.map((make) => make(session));
  }

  /** The values of a request that is sent again, with what the session keeps now. */
  renewed(values: readonly string[], session: Session | undefined): string[] {
    const again = [...values];
    for (const [index, make] of this.#ofSession) again[index] = make(session);
    return again;
  }

  #makerOf(generator: Exclude<Generator, { kind: "same" | "file" }>): Maker {
    const { random, env = process.env } = this.#context;
    switch (generator.kind) {
      case "uuid":
        return () => randomUUID();
      case "choice": {
        const { values } = generator;
        return () => values[Math.floor(random() * values.length)] ?? "";
      }
      case "env": {
        const value = env[generator.name];
        if (value === undefined) throw missingVariable(this.#kind, generator.name);
        return () => value;
      }
      case "integer": {
        const { from, to, isZipf } = generator;
        const count = to - from + 1;
        const rank = isZipf ? zipf(count, zipfExponent, random) : () => 1 + Math.floor(random() * count);
        return () => String(from - 1 + rank());
      }
      case "from": {
        const { request, value } = generator;
        return (session) => session?.value(request, value) ?? "";
      }
      case "csv": {
        const rows = this.#rowsOf(generator.path, generator.isRandom);
        const index = this.#files.column(generator.path, generator.column, this.#kind);
        return () => rows.current[index] ?? "";
      }
    }
  }

  #rowsOf(path: string, isRandom: boolean): CsvRows {
    const known = this.#rows.get(path);
    if (known !== undefined) return known;
    const { rows } = this.#files.table(path, this.#kind);
    const { random, thread = 0, threads = 1 } = this.#context;
    const created = new CsvRows(rows, isRandom ? { random } : { first: thread, step: threads });
    this.#rows.set(path, created);
    return created;
  }
}

type RowOrder = { random: Random } | { first: number; step: number };

/** The rows of a file, one for each request. */
class CsvRows {
  current: readonly string[] = [];
  readonly #rows: readonly (readonly string[])[];
  readonly #order: RowOrder;
  #taken = 0;

  constructor(rows: readonly (readonly string[])[], order: RowOrder) {
    this.#rows = rows;
    this.#order = order;
  }

  advance(): void {
    const order = this.#order;
    const count = this.#rows.length;
    const index =
      "random" in order
        ? Math.floor(order.random() * count)
        : (order.first + this.#taken++ * order.step) % count;
    this.current = this.#rows[index] ?? [];
  }
}

function missingVariable(kind: string, name: string): UserError {
  return new UserError(
    `the request ${kind} needs the variable ${name}, which the environment does not have`,
    `set it: ${name}=… npm run loadtest`,
    { exitCode: exitCodes["wrong usage"] },
  );
}
