import { HttpError } from "./http-errors.ts";

/** The preconditions of a write: If-Match, or If-None-Match with `*`. */
export type Precondition = "missing" | { versions: readonly string[] | "any" };

const entityTag = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;

/** The strong entity tag of a version (RFC 9110, 8.8.3). */
export function tagOf(version: string): string {
  return `"${version}"`;
}

/**
 * Reads the preconditions of a write.
 *
 * @returns undefined if there are none. A weak tag matches no version, as RFC 9110, 13.1.1 requires.
 * @throws {HttpError} with status 400 when a header is malformed, or If-None-Match has tags, which no write here needs.
 */
export function preconditionOf(headers: {
  "if-match"?: string | undefined;
  "if-none-match"?: string | undefined;
}): Precondition | undefined {
  const { "if-match": ifMatch, "if-none-match": ifNoneMatch } = headers;
  if (ifMatch !== undefined && ifNoneMatch !== undefined)
    throw new HttpError(400, "If-Match and If-None-Match exclude each other");
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() !== "*") throw new HttpError(400, "If-None-Match of a write must be *");
    return "missing";
  }
  if (ifMatch === undefined) return undefined;
  if (ifMatch.trim() === "*") return { versions: "any" };
  const versions = ifMatch.split(",").flatMap((part) => {
    const [, weak, version] = entityTag.exec(part.trim()) ?? [];
    if (version === undefined)
      throw new HttpError(400, 'If-Match must be * or entity tags in quotes, such as "7"');
    return weak === undefined ? [version] : [];
  });
  return { versions };
}

/** Whether If-None-Match of a read names the tag, so that the response is a 304. */
export function isUnchanged(ifNoneMatch: string, tag: string): boolean {
  return ifNoneMatch.split(",").some((part) => {
    const given = part.trim();
    // Weak comparison, as RFC 9110, 13.1.2 requires.
    return given === "*" || given === tag || given === `W/${tag}`;
  });
}
