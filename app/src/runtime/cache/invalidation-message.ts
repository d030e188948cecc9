import { randomBytes } from "node:crypto";

/** An invalidation that a process sends to all others. */
export interface Invalidation {
  id: string;
  /** Undefined: every name. */
  name: string | undefined;
}

const maxRemembered = 10_000;

/**
 * Writes and reads the messages that invalidate copies: `<id>=<name>`, or `<id>*` for all names. A message may arrive
 * several times and at its sender; duplicates are ignored.
 */
export class InvalidationMessages {
  readonly #self = randomBytes(9).toString("base64url");
  #sent = 0;
  readonly #seen = new Set<string>();

  /** Writes a message, which this process itself will ignore. */
  write(name?: string): string {
    const id = `${this.#self}.${(++this.#sent).toString(36)}`;
    this.#remember(id);
    return name === undefined ? `${id}*` : `${id}=${name}`;
  }

  /** Returns undefined for a duplicate and for a text of another form. */
  read(message: string): Invalidation | undefined {
    const end = message.search(/[=*]/);
    if (end < 1) return undefined;
    const id = message.slice(0, end);
    if (this.#seen.has(id)) return undefined;
    this.#remember(id);
    return { id, name: message[end] === "*" ? undefined : message.slice(end + 1) };
  }

  #remember(id: string): void {
    this.#seen.add(id);
    if (this.#seen.size <= maxRemembered) return;
    const [oldest] = this.#seen;
    this.#seen.delete(oldest ?? "");
  }
}
