import { createHash } from "node:crypto";

/** A cached value with its expiry and load time. */
export interface StoredValue {
  value: string;
  /** End of its freshness, in milliseconds since 1970, by the clock of the process that loaded it. */
  expiresAt: number;
  /** Time that the origin took to return it, in milliseconds. */
  loadMs: number;
}

const radix = 36;
/** Longer than any header. For a text of another form, this many characters identify it. */
const maxHeaderLength = 32;

/** A digest of what the form of the cached values depends on: six hex digits. Equal parts give an equal form. */
export function formOf(...parts: unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 6);
}

/**
 * `.<form>.<expiresAt>.<loadMs>;<value>`, both numbers in base 36. The value itself is neither parsed nor escaped. The form
 * is in the text and not in the key, so that versions of this program that run side by side invalidate each other's
 * values. Versions without forms take a text that begins with a dot for none (docs/decisions.md#form-of-cached-values).
 *
 * @param form of the value: up to eight letters and digits
 */
export function toStoredText({ value, expiresAt, loadMs }: StoredValue, form: string): string {
  return `.${form}.${Math.round(expiresAt).toString(radix)}.${Math.ceil(loadMs).toString(radix)};${value}`;
}

/** Returns undefined for a text of another form, such as one from another version of this program. */
export function fromStoredText(text: string, form: string): StoredValue | undefined {
  const start = form.length + 2;
  if (text[0] !== "." || text[start - 1] !== "." || !text.startsWith(form, 1)) return undefined;
  const end = text.indexOf(";", start);
  const dot = text.indexOf(".", start);
  if (dot < start + 1 || end <= dot + 1 || end > maxHeaderLength) return undefined;
  const expiresAt = Number.parseInt(text.slice(start, dot), radix);
  const loadMs = Number.parseInt(text.slice(dot + 1, end), radix);
  if (!(expiresAt >= 0 && loadMs >= 0)) return undefined;
  return { value: text.slice(end + 1), expiresAt, loadMs };
}

/** The beginning of a text that distinguishes it from a later text of the same entry. */
export function headerOf(text: string): string {
  const end = text.indexOf(";");
  return text.slice(0, end > 0 && end < maxHeaderLength ? end + 1 : maxHeaderLength);
}
