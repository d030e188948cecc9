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

/** `<expiresAt>.<loadMs>;<value>`, both numbers in base 36. The value itself is neither parsed nor escaped. */
export function toStoredText({ value, expiresAt, loadMs }: StoredValue): string {
  return `${Math.round(expiresAt).toString(radix)}.${Math.ceil(loadMs).toString(radix)};${value}`;
}

/** Returns undefined for a text of another form, such as one from another version of this program. */
export function fromStoredText(text: string): StoredValue | undefined {
  const end = text.indexOf(";");
  const dot = text.indexOf(".");
  if (dot < 1 || end <= dot + 1 || end > maxHeaderLength) return undefined;
  const expiresAt = Number.parseInt(text.slice(0, dot), radix);
  const loadMs = Number.parseInt(text.slice(dot + 1, end), radix);
  if (!(expiresAt >= 0 && loadMs >= 0)) return undefined;
  return { value: text.slice(end + 1), expiresAt, loadMs };
}

/** The beginning of a text that distinguishes it from a later text of the same entry. */
export function headerOf(text: string): string {
  const end = text.indexOf(";");
  return text.slice(0, end > 0 && end < maxHeaderLength ? end + 1 : maxHeaderLength);
}
