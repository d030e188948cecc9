import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { exitCodes, UserError } from "../../contract/user-error.ts";
import { type CsvTable, csvTable } from "./csv-rows.ts";

const checkout = resolve(import.meta.dirname, "..", "..");
/** Of one file. Every thread of the load test has a copy. */
const maxBytes = 64 * 1024 ** 2;

/** Files that requests send, each read once. */
export class RequestFiles {
  readonly #folder: string;
  readonly #contents = new Map<string, Buffer>();
  readonly #tables = new Map<string, CsvTable>();

  /** @param folder that paths are relative to; default: the checkout */
  constructor(folder = checkout) {
    this.#folder = folder;
  }

  /** The content of a file. @throws {UserError} when it cannot be read, is empty, or has more than 64 MiB */
  content(path: string, request: string): Buffer {
    const known = this.#contents.get(path);
    if (known !== undefined) return known;
    const content = read(join(this.#folder, path), (why) => unusable(path, request, why));
    this.#contents.set(path, content);
    return content;
  }

  /** The rows of a CSV file. @throws {UserError} when it is no such file, or has no row */
  table(path: string, request: string): CsvTable {
    const known = this.#tables.get(path);
    if (known !== undefined) return known;
    const text = this.content(path, request).toString();
    try {
      const table = csvTable(text);
      this.#tables.set(path, table);
      return table;
    } catch (error) {
      throw unusable(path, request, (error as Error).message);
    }
  }

  /** The index of a column. @throws {UserError} when the file has no such column */
  column(path: string, name: string, request: string): number {
    const { columns } = this.table(path, request);
    const index = columns.indexOf(name);
    if (index < 0)
      throw unusable(path, request, `it has no column ${name}: its first line has ${columns.join(", ")}`);
    return index;
  }
}

function read(file: string, failure: (why: string) => UserError): Buffer {
  let content: Buffer;
  try {
    const stat = statSync(file);
    const { size } = stat;
    if (!stat.isFile()) throw new Error("it is no file");
    if (size > maxBytes)
      throw new Error(
        `it has ${Math.ceil(size / 1024 ** 2)} MiB, and at most ${maxBytes / 1024 ** 2} are sent`,
      );
    content = readFileSync(file);
  } catch (error) {
    throw failure((error as Error).message);
  }
  if (content.length === 0) throw failure("it is empty");
  return content;
}

function unusable(path: string, request: string, why: string): UserError {
  return new UserError(
    `the request ${request} cannot use the file ${path}: ${why}`,
    `correct the file, or the path in loadtest.requests.${request}, which is relative to the folder of Pulumi.yaml`,
    { exitCode: exitCodes["wrong usage"] },
  );
}
