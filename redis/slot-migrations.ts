/** A move of slots in one step, as one of its nodes reports it. */
export interface SlotMigration {
  /** Unique; the same on both nodes. */
  name: string;
  operation: string;
  state: string;
  /** Why it failed; "" otherwise. */
  message: string;
}

const finalStates = ["success", "failed", "cancelled"];

/** Whether the move goes on. */
export function isUnderWay({ state }: SlotMigration): boolean {
  return !finalStates.includes(state);
}

/** Reads the reply to CLUSTER GETSLOTMIGRATIONS: a list of names and values for each move. @throws {SyntaxError} */
export function parseSlotMigrations(reply: unknown): SlotMigration[] {
  if (!Array.isArray(reply)) throw new SyntaxError("not a reply to CLUSTER GETSLOTMIGRATIONS");
  return reply.map(parseFields);
}

function parseFields(fields: unknown): SlotMigration {
  const list: unknown[] = Array.isArray(fields) ? fields : [];
  const textOf = (name: string) => {
    const index = list.findIndex((each, place) => place % 2 === 0 && each === name);
    if (index < 0) throw new SyntaxError(`a move of slots without ${name}: ${JSON.stringify(fields)}`);
    return String(list[index + 1]);
  };
  return {
    name: textOf("name"),
    operation: textOf("operation"),
    state: textOf("state"),
    message: textOf("message"),
  };
}
