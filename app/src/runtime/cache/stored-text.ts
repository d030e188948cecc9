/** A value as it is kept, with what is needed to serve and to refresh it. */
export interface StoredValue {
  value: string;
  /** Until when it is fresh, in milliseconds since 1970, by the clock of the process that loaded it. */
  expiresAt: number;
  /** How long the origin took to give it, in milliseconds. */
  loadMs: number;
}

const radix = 36;
/** Longer than any header: of a text of another form, this much tells it from others. */
const longestHeader = 32;

/** `<expiresAt>.<loadMs>;<value>`, both numbers in base 36: nothing of the value has to be parsed or escaped. */
export function toStoredText({ value, expiresAt, loadMs }: StoredValue): string {
  return `${Math.round(expiresAt).toString(radix)}.${Math.ceil(loadMs).toString(radix)};${value}`;
}

/** Undefined: the text is not of this form, such as one that another version of this program left. */
export function fromStoredText(text: string): StoredValue | undefined {
  const end = text.indexOf(";");
  const dot = text.indexOf(".");
  if (dot < 1 || end <= dot + 1 || end > longestHeader) return undefined;
  const expiresAt = Number.parseInt(text.slice(0, dot), radix);
  const loadMs = Number.parseInt(text.slice(dot + 1, end), radix);
  if (!(expiresAt >= 0 && loadMs >= 0)) return undefined;
  return { value: text.slice(end + 1), expiresAt, loadMs };
}

/** The beginning of a text by which a later one in its place differs from it. */
export function headerOf(text: string): string {
  const end = text.indexOf(";");
  return text.slice(0, end > 0 && end < longestHeader ? end + 1 : longestHeader);
}
