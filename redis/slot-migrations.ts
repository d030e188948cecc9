/** A move of slots in one step, as one of its nodes reports it. */
export interface SlotMigration {
  /** Unique; the same on both nodes. */
  name: string;
  operation: string;
  state: string;
  /** Why it failed; "" otherwise. */
  message: string;
  /** How often it was begun again. Valkey does not. */
  retries: number;
}

/** The last states of moves, of Valkey and of Redis. */
const finalStates = ["success", "failed", "cancelled", "completed", "canceled"];

/** Whether the move goes on. */
export function isUnderWay({ state }: SlotMigration): boolean {
  return !finalStates.includes(state);
}

/**
 * Reads the reply to CLUSTER GETSLOTMIGRATIONS of Valkey, or to CLUSTER MIGRATION STATUS of Redis: a list of names and values for
 * each move.
 *
 * @throws {SyntaxError}
 */
export function parseSlotMigrations(reply: unknown): SlotMigration[] {
  if (!Array.isArray(reply)) throw new SyntaxError("not a list of moves of slots");
  return reply.map(parseFields);
}

function parseFields(fields: unknown): SlotMigration {
  const list: unknown[] = Array.isArray(fields) ? fields : [];
  const find = (...names: string[]) => {
    const index = list.findIndex((each, place) => place % 2 === 0 && names.includes(String(each)));
    return index < 0 ? undefined : String(list[index + 1]);
  };
  const textOf = (...names: string[]) => {
    const text = find(...names);
    if (text === undefined)
      throw new SyntaxError(`a move of slots without ${names[0]}: ${JSON.stringify(fields)}`);
    return text;
  };
  return {
    name: textOf("name", "id"),
    operation: textOf("operation"),
    state: textOf("state"),
    message: textOf("message", "last_error"),
    retries: Number(find("retries") ?? 0),
  };
}
