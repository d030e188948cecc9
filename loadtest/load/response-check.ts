import type { RequestConfig } from "../../contract/outputs.ts";
import { parseSource } from "../../contract/request-steps.ts";
import type { ResponseHeaders } from "./planned-request.ts";

/** The check of a right response's body. */
export function bodyCheck({ contains, json, maxBody }: RequestConfig["expect"]): (body: string) => boolean {
  const wanted = Object.entries(json);
  return (body) => {
    if (contains !== undefined && !body.includes(contains)) return false;
    if (maxBody !== undefined && Buffer.byteLength(body) > maxBody) return false;
    if (wanted.length === 0) return true;
    const parsed = parsedJson(body);
    return wanted.every(([pointer, value]) => spelled(valueAt(parsed, pointer)) === value);
  };
}

/** Reads the values that a request keeps of its response. @returns undefined when one of them is missing */
export function keptReader(
  keep: Readonly<Record<string, string>>,
): (body: string, headers: ResponseHeaders) => Record<string, string> | undefined {
  const sources = Object.entries(keep).map(([name, text]) => ({ name, source: parseSource(text) }));
  const readsBody = sources.some(({ source }) => "pointer" in source);
  return (body, headers) => {
    const parsed = readsBody ? parsedJson(body) : undefined;
    const values: Record<string, string> = {};
    for (const { name, source } of sources) {
      const value =
        "pointer" in source
          ? spelled(valueAt(parsed, source.pointer))
          : [headers[source.header] ?? []].flat()[0];
      if (value === undefined) return undefined;
      values[name] = value;
    }
    return values;
  };
}

const shownPlaces = 20;

/** The places of values in a JSON body, without the values: `/session/token, /user/name`. For messages. */
export function placesIn(body: string): string {
  const found: string[] = [];
  const visit = (value: unknown, pointer: string) => {
    if (found.length > shownPlaces) return;
    if (typeof value !== "object" || value === null) return void found.push(pointer);
    for (const [key, inner] of Object.entries(value))
      visit(inner, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  };
  const parsed = parsedJson(body);
  if (typeof parsed !== "object" || parsed === null) return "no JSON object";
  visit(parsed, "");
  const shown = found.slice(0, shownPlaces).join(", ");
  return found.length > shownPlaces ? `${shown} …` : shown || "no values";
}

/** @returns undefined when the text is no JSON */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value that a JSON pointer leads to (RFC 6901); undefined: none. */
function valueAt(document: unknown, pointer: string): unknown {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>(
      (found, step) =>
        typeof found === "object" && found !== null && Object.hasOwn(found, step)
          ? (found as Record<string, unknown>)[step]
          : undefined,
      document,
    );
}

const spelled = (value: unknown): string | undefined =>
  ["string", "number", "boolean"].includes(typeof value) ? String(value) : undefined;
