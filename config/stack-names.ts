import { shortHash } from "./derive.ts";
import { label } from "./sections/names.ts";

/** Maximum length of a namespace, of a Service and of a label value. */
const maxLength = 63;

/**
 * Namespace of a stack. `breakwater-<stack>` where that is a DNS label, else a name that is made fit: lower case, dashes
 * for other characters, cut, and a hash of the stack's name, so that `Feature_X` and `feature-x` differ.
 *
 * @param stack name of the stack without organization and project, from Pulumi's alphabet: letters, digits, `_`, `.`, `-`
 */
export function namespaceOf(stack: string): string {
  const prefix = "breakwater-";
  if (label.pattern.test(prefix + stack)) return prefix + stack;
  const dashed = stack.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return prefix + withHash(dashed, stack, maxLength - prefix.length);
}

/** A name of Pulumi's alphabet as the value of a label: itself where it can be one, else cut, with a hash. */
export function labelValueOf(name: string): string {
  return /^[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/.test(name) ? name : withHash(name, name, maxLength);
}

/** The beginning of a text and a hash of the whole name, together at most `length` characters. */
function withHash(text: string, name: string, length: number): string {
  const hash = shortHash(name);
  const start = text
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, length - hash.length - 1)
    .replace(/[^A-Za-z0-9]+$/, "");
  return start === "" ? hash : `${start}-${hash}`;
}
