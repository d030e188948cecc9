import { randomBytes } from "node:crypto";

/** What a process tells the others. */
export interface Invalidation {
  id: string;
  /** Undefined: every name. */
  name: string | undefined;
}

const mostRemembered = 10_000;

/**
 * Writes and reads the messages that invalidate copies: `<id>=<name>`, or `<id>*` for all. A message may arrive several
 * times, and at its sender; only the first time counts.
 */
export class InvalidationMessages {
  readonly #self = randomBytes(9).toString("base64url");
  #sent = 0;
  readonly #heard = new Set<string>();

  /** A message that this process does not have to be told. */
  write(name?: string): string {
    const id = `${this.#self}.${(++this.#sent).toString(36)}`;
    this.#remember(id);
    return name === undefined ? `${id}*` : `${id}=${name}`;
  }

  /** Undefined: heard before, or not of this form. */
  read(message: string): Invalidation | undefined {
    const end = message.search(/[=*]/);
    if (end < 1) return undefined;
    const id = message.slice(0, end);
    if (this.#heard.has(id)) return undefined;
    this.#remember(id);
    return { id, name: message[end] === "*" ? undefined : message.slice(end + 1) };
  }

  #remember(id: string): void {
    this.#heard.add(id);
    if (this.#heard.size <= mostRemembered) return;
    const [oldest] = this.#heard;
    this.#heard.delete(oldest ?? "");
  }
}
