import { stringify } from "yaml";

/** One request in stack config, as far as a first form has it. */
export interface RequestForm {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
  expect?: { statuses: number[] };
}

/** One scenario in stack config, as far as a first form has it. */
export interface ScenarioForm {
  about: string;
  mix: Record<string, number>;
  before?: string[];
  cookies?: boolean;
  enabled?: boolean;
}

/** What a request did for the session of a browser. */
export interface SessionUse {
  /** Its response set a cookie. */
  setsCookie: boolean;
  /** It signed in, so that each connection sends it first. */
  signsIn: boolean;
}

/** A first form of `loadtest.requests` and `loadtest.scenarios`. */
export interface FirstForm {
  requests: Record<string, RequestForm>;
  scenarios: Record<string, ScenarioForm>;
  /** What was left out, and why; one line each. */
  notes: string[];
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/** Names of the requests of the kit's example. */
const taken = ["light", "read", "write", "heavy", "upload"];

/** Collects requests under names of their own, with the number of times that each was seen. */
export class FormBuilder {
  readonly #requests = new Map<string, { form: RequestForm; count: number; signsIn: boolean }>();
  #hasCookies = false;
  readonly #notes = new Set<string>();

  /** @param wish what the name is made of, as an operation's id or a path */
  add(wish: string, form: RequestForm, count = 1, session: Partial<SessionUse> = {}): void {
    const { method = "GET" } = form;
    if (!methods.includes(method)) {
      this.note(`${method} ${form.path}: no method of the load test`);
      return;
    }
    const base =
      wish
        .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/^[^a-z]+|-+$/g, "")
        .slice(0, 60) || "request";
    const isFree = (name: string) => !this.#requests.has(name) && !taken.includes(name);
    let name = base;
    for (let number = 2; !isFree(name); number++) name = `${base}-${number}`;
    const { signsIn = false, setsCookie = false } = session;
    this.#requests.set(name, { form, count, signsIn });
    this.#hasCookies ||= setsCookie;
  }

  note(text: string): void {
    this.#notes.add(text);
  }

  /** Reads are a scenario that runs; what changes data is one that must be switched on. */
  build(): FirstForm {
    const entries = [...this.#requests];
    const mixOf = (isRead: boolean) =>
      Object.fromEntries(
        entries
          .filter(([, { form, signsIn }]) => !signsIn && ((form.method ?? "GET") === "GET") === isRead)
          .map(([name, { count }]) => [name, count]),
      );
    const reads = mixOf(true);
    const writes = mixOf(false);
    const before = entries.flatMap(([name, { signsIn }]) => (signsIn ? [name] : []));
    const session = {
      ...(before.length > 0 && { before }),
      ...(this.#hasCookies && { cookies: true }),
    };
    const has = (mix: object) => Object.keys(mix).length > 0;
    return {
      requests: Object.fromEntries(entries.map(([name, { form }]) => [name, form])),
      scenarios: {
        ...(has(reads) && { reads: { about: "all that only reads", mix: reads, ...session } }),
        ...(has(writes) && {
          changes: { about: "all that changes data", mix: writes, ...session, enabled: false },
        }),
      },
      notes: [...this.#notes],
    };
  }
}

/**
 * The text of a stack file with the form.
 *
 * @param project name of the Pulumi project, which begins the keys of stack config
 * @param source name of the file that it comes from
 */
export function formText({ requests, scenarios, notes }: FirstForm, project: string, source: string): string {
  const head = [
    `A first form, from ${source}: correct the values, and move it into the stack's file.`,
    "Generators and expectations: docs/loadtest.md#requests-of-your-own",
    ...notes.map((note) => `Left out: ${note}`),
  ];
  // YAML ends a comment at more characters than a newline.
  const comment = head.map((line) => `# ${line.replace(/[\s\p{C}\u0085\u2028\u2029]+/gu, " ")}\n`).join("");
  const config = { config: { [`${project}:loadtest`]: { requests, scenarios } } };
  return comment + stringify(config, { lineWidth: 110 });
}
