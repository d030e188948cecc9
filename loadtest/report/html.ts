/** Text for element content and attribute values. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** JSON that cannot end the script element it stands in. */
export function inlineJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/**
 * Rows of cells as a table in a box of its own that scrolls when the screen is narrow.
 *
 * @param numeric columns that are aligned right
 * @param rowClasses by row
 */
export function table(
  head: string[],
  rows: string[][],
  numeric: number[],
  rowClasses: string[] = [],
): string {
  const cell = (tag: "td" | "th") => (text: string, at: number) =>
    `<${tag}${numeric.includes(at) ? ' class="number"' : ""}>${escapeHtml(text)}</${tag}>`;
  const body = rows.map(
    (row, at) => `<tr class="${rowClasses[at] ?? ""}">${row.map(cell("td")).join("")}</tr>`,
  );
  return `<div class="table"><table><thead><tr>${head.map(cell("th")).join("")}</tr></thead><tbody>${body.join("\n")}</tbody></table></div>`;
}

/** Lines as a list; nothing for none. */
export function list(lines: string[]): string {
  return lines.length === 0 ? "" : `<ul>${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join("")}</ul>`;
}
