/**
 * A table as text. Each column is as wide as its widest cell.
 *
 * @param rows the first one has all columns
 * @param right indexes of the right-aligned columns
 */
export function columns(rows: readonly (readonly string[])[], right: readonly number[]): string {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  const align = (cell: string, index: number) =>
    right.includes(index) ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0);
  return rows.map((row) => row.map(align).join("  ").trimEnd()).join("\n");
}
