/** Escapes text for element content and attribute values. */
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

/** JSON for a script element, which it cannot close. */
export function inlineJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/**
 * A table in a box that scrolls when the screen is narrow.
 *
 * @param numeric indexes of the right-aligned columns
 * @param rowClasses CSS class of each row
 */
export function table(
  head: string[],
  rows: string[][],
  numeric: number[],
  rowClasses: string[] = [],
): string {
  const cell = (tag: "td" | "th") => (text: string, index: number) =>
    `<${tag}${numeric.includes(index) ? ' class="number"' : ""}>${escapeHtml(text)}</${tag}>`;
  const body = rows.map(
    (row, index) => `<tr class="${rowClasses[index] ?? ""}">${row.map(cell("td")).join("")}</tr>`,
  );
  return `<div class="table"><table><thead><tr>${head.map(cell("th")).join("")}</tr></thead><tbody>${body.join("\n")}</tbody></table></div>`;
}

/** The lines as a list; empty when there are no lines. */
export function list(lines: string[]): string {
  return lines.length === 0 ? "" : `<ul>${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join("")}</ul>`;
}
