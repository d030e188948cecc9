import type { Database } from "../../runtime/database/database.ts";

export interface User {
  id: number;
  name: string;
  email: string;
  /** ISO 8601. */
  updatedAt: string;
}

interface UserRow {
  name: string;
  email: string;
  updated_at: Date;
}

/** The users in the database. */
export class UserStore {
  readonly #database: Pick<Database, "query">;

  constructor(database: Pick<Database, "query">) {
    this.#database = database;
  }

  /** @throws {DatabaseUnavailable} */
  async find(id: number): Promise<User | undefined> {
    const [row] = await this.#database.query<UserRow>({
      name: "find-user",
      text: "SELECT name, email, updated_at FROM users WHERE id = $1",
      values: [id],
    });
    return row && toUser(id, row);
  }

  /**
   * Those of the users that there are, in no order.
   *
   * @throws {DatabaseUnavailable}
   */
  async findMany(ids: readonly number[]): Promise<User[]> {
    const rows = await this.#database.query<UserRow & { id: string }>({
      name: "find-users",
      text: "SELECT id, name, email, updated_at FROM users WHERE id = ANY ($1::bigint[])",
      values: [ids],
    });
    return rows.map((row) => toUser(Number(row.id), row));
  }

  /**
   * Creates the user or writes over it.
   *
   * @throws {DatabaseUnavailable}
   */
  async save(id: number, user: { name: string; email: string }): Promise<User> {
    const [row] = await this.#database.query<UserRow>({
      name: "save-user",
      text: `INSERT INTO users (id, name, email) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email, updated_at = now()
        RETURNING name, email, updated_at`,
      values: [id, user.name, user.email],
    });
    if (!row) throw new Error("INSERT … RETURNING gave no row");
    return toUser(id, row);
  }
}

function toUser(id: number, row: UserRow): User {
  return { id, name: row.name, email: row.email, updatedAt: row.updated_at.toISOString() };
}
