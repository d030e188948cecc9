/** The rows of a CSV text (RFC 4180), each a list of fields; empty lines are none. @throws {Error} with the line of what is wrong */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let line = 1;
  // A field, in quotes or not, and what ends it.
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|\r|$)/y;
  const content = text.startsWith("\ufeff") ? text.slice(1) : text;
  while (field.lastIndex < content.length || row.length > 0) {
    const match = field.exec(content);
    if (match === null) throw new Error(`line ${line} has a quote that does not enclose a whole field`);
    const [whole, quoted, plain = "", end = ""] = match;
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    line += whole.split("\n").length - 1;
    if (end === ",") continue;
    if (row.length > 1 || whole.trim() !== "") rows.push(row);
    row = [];
  }
  return rows;
}

/** The rows of a CSV file below its first line, which has the names of the columns. */
export interface CsvTable {
  columns: readonly string[];
  rows: readonly (readonly string[])[];
}

/** @throws {Error} when the text has no row below its header, or a row has another number of fields */
export function csvTable(text: string): CsvTable {
  const [columns = [], ...rows] = parseCsv(text);
  if (rows.length === 0) throw new Error("it has no row below the names of the columns");
  const other = rows.findIndex((row) => row.length !== columns.length);
  if (other >= 0)
    throw new Error(
      `row ${other + 1} has ${rows[other]?.length} fields, and the first line ${columns.length}`,
    );
  return { columns, rows };
}
