import type { Slot, Template } from "../../contract/request-template.ts";
import type { RequestValues } from "./request-values.ts";

/** A text with its values. @param values those of `RequestValues.next` */
export type CompiledText = (values: readonly string[]) => string;

/** How a value of a response or of a file is written into a text. Values that stack config spells are not changed. */
export type Escape = (value: string) => string;

/** Characters that a path cannot have, `#`, which ends it, and a `%` that encodes nothing. The value may be a whole path with a query. */
const inPath: Escape = (value) =>
  value.toWellFormed().replace(/[^\x21-\x7e]|#|%(?![\dA-Fa-f]{2})/gu, encodeURIComponent);
export const inHeader: Escape = (value) =>
  value.toWellFormed().replace(/[^\t\x20-\x7e]/gu, encodeURIComponent);
/** In a query or a form. */
const inParameter: Escape = (value) => encodeURIComponent(value.toWellFormed());
const inJsonText: Escape = (value) => JSON.stringify(value).slice(1, -1);

/** Compiles a text. @param escapeOf how each slot's value is written; undefined: as it is */
export function compileText(
  template: Template,
  values: RequestValues,
  escapeOf: (slot: Slot) => Escape | undefined,
): CompiledText {
  const parts = template.map((part) =>
    typeof part === "string"
      ? part
      : { index: values.indexOf(part), escape: isForeign(part) ? escapeOf(part) : undefined },
  );
  const [only = ""] = parts;
  if (parts.length < 2 && typeof only === "string") return () => only;
  return (made) => {
    let text = "";
    for (const part of parts) {
      if (typeof part === "string") text += part;
      else {
        const value = made[part.index] ?? "";
        text += part.escape === undefined ? value : part.escape(value);
      }
    }
    return text;
  };
}

/** Compiles a path. Values after the `?` of the text are parameters. */
export function compilePath(template: Template, values: RequestValues): CompiledText {
  const query = template.findIndex((part) => typeof part === "string" && part.includes("?"));
  const inQuery = new Set(query < 0 ? [] : template.slice(query));
  return compileText(template, values, (slot) => (inQuery.has(slot) ? inParameter : inPath));
}

/** Whether the value comes from a response or a file, and may have any characters. */
function isForeign({ generator }: Slot): boolean {
  return generator.kind === "from" || generator.kind === "csv";
}

/**
 * Compiles a body. Values are written as its content type needs it: as a form, or inside of a JSON text.
 *
 * @param contentOf content of the file of a slot
 */
export function compileBody(
  template: Template,
  values: RequestValues,
  contentType: string,
  contentOf: (path: string) => Buffer,
): (values: readonly string[]) => string | Buffer {
  const inTexts = contentType.includes("json") ? slotsInTexts(template) : new Set<Slot>();
  const escapeOf = (slot: Slot) => {
    if (contentType.includes("x-www-form-urlencoded")) return inParameter;
    return inTexts.has(slot) ? inJsonText : undefined;
  };
  if (!template.some(isFile)) return compileText(template, values, escapeOf);
  const parts = template.map((part) =>
    isFile(part) ? contentOf(part.generator.path) : compileText([part], values, escapeOf),
  );
  const [only] = parts;
  if (parts.length === 1 && Buffer.isBuffer(only)) return () => only;
  return (made) =>
    Buffer.concat(parts.map((part) => (Buffer.isBuffer(part) ? part : Buffer.from(part(made)))));
}

type FileSlot = Slot & { generator: { kind: "file"; path: string } };

function isFile(part: Template[number]): part is FileSlot {
  return typeof part !== "string" && part.generator.kind === "file";
}

/** The slots that stand between the quotes of a JSON text. */
function slotsInTexts(template: Template): Set<Slot> {
  const inside = new Set<Slot>();
  let isInside = false;
  for (const part of template) {
    if (typeof part !== "string") {
      if (isInside) inside.add(part);
      continue;
    }
    for (const [found] of part.matchAll(/\\.|"/gs)) if (found === '"') isInside = !isInside;
  }
  return inside;
}
