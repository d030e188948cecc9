import { parseTemplate, slotsOf, textsOf } from "./request-template.ts";

/*
 * Requests that need values of earlier responses. A request whose text has `{{from: login.token}}` needs the request `login`, which
 * each connection sends before it.
 */

/** The names of the requests that each request needs, by its name. */
export type Needs = ReadonlyMap<string, readonly string[]>;

/** The place of a value in a response. */
export type ValueSource = { pointer: string } | { header: string };

/** The spelling of a place, in words. */
export const sourceRule =
  'must be a JSON pointer like /session/token, or the name of a header like "header x-session"';

/** The spelling of a place. */
export const sourcePattern = /^((\/[^/]*)+|header +[!#$%&'*+.^`|~\w-]+)$/;

/** Reads the place of a value, which matches `sourcePattern`. */
export function parseSource(text: string): ValueSource {
  return text.startsWith("/") ? { pointer: text } : { header: text.replace(/^header +/, "").toLowerCase() };
}

/** What the requests need of each other. @throws {Error} when a text cannot be read */
export function needsOf(requests: Readonly<Record<string, Parameters<typeof textsOf>[0]>>): Needs {
  return new Map(
    Object.entries(requests).map(([name, request]) => {
      const slots = slotsOf(textsOf(request).map(([, text]) => parseTemplate(text)));
      const needed = slots.flatMap(({ generator }) => (generator.kind === "from" ? [generator.request] : []));
      return [name, [...new Set(needed)]];
    }),
  );
}

/**
 * The requests that a connection sends before its first one, in their order: those that are named, and all that one of them or of the
 * mix needs, each after what it needs itself.
 *
 * @param before names in their order
 * @param mix names of the requests that are mixed afterwards
 */
export function stepsOf(before: readonly string[], mix: readonly string[], needs: Needs): string[] {
  const steps = new Set<string>();
  const seen = new Set<string>();
  const visit = (name: string, isStep: boolean) => {
    if (!seen.has(name)) {
      seen.add(name);
      for (const needed of needs.get(name) ?? []) visit(needed, true);
    }
    if (isStep) steps.add(name);
  };
  for (const name of before) visit(name, true);
  for (const name of mix) visit(name, false);
  return [...steps];
}

/** Requests that need each other in a circle, as `["a", "b", "a"]`: each circle once, from the name that comes first. */
export function circlesOf(needs: Needs): string[][] {
  const circles: string[][] = [];
  const done = new Set<string>();
  const follow = (name: string, path: readonly string[]) => {
    const start = path.indexOf(name);
    if (start >= 0) circles.push([...path.slice(start), name]);
    if (start >= 0 || done.has(name)) return;
    for (const needed of needs.get(name) ?? []) follow(needed, [...path, name]);
    done.add(name);
  };
  for (const name of needs.keys()) follow(name, []);
  return circles;
}
