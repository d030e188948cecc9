import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "../../runtime/database/database.ts";

/** A user, as stored. */
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

// The image has these files beside the bundle, see build.ts.
const readSql = (name: string) => readFileSync(join(import.meta.dirname, `${name}.sql`), "utf8");
const findUser = { name: "find-user", text: readSql("find-user") };
const findUsers = { name: "find-users", text: readSql("find-users") };
const saveUser = { name: "save-user", text: readSql("save-user") };

/** SQL that creates the users table if it is missing. */
export const usersSchema = readSql("create-users-table");

/** The users table of the database. */
export class UserStore {
  readonly #database: Pick<Database, "query">;

  constructor(database: Pick<Database, "query">) {
    this.#database = database;
  }

  /** @throws {DatabaseUnavailable} when the database does not answer. */
  async find(id: number): Promise<User | undefined> {
    const [row] = await this.#database.query<UserRow>({ ...findUser, values: [id] });
    return row && toUser(id, row);
  }

  /**
   * Returns the users that exist, in no particular order.
   *
   * @throws {DatabaseUnavailable} when the database does not answer.
   */
  async findMany(ids: readonly number[]): Promise<User[]> {
    const rows = await this.#database.query<UserRow & { id: string }>({ ...findUsers, values: [ids] });
    return rows.map((row) => toUser(Number(row.id), row));
  }

  /**
   * Creates the user or overwrites it.
   *
   * @throws {DatabaseUnavailable} when the database does not answer.
   */
  async save(id: number, user: { name: string; email: string }): Promise<User> {
    const values = [id, user.name, user.email];
    const [row] = await this.#database.query<UserRow>({ ...saveUser, values });
    if (!row) throw new Error("INSERT … RETURNING returned no row");
    return toUser(id, row);
  }
}

function toUser(id: number, row: UserRow): User {
  return { id, name: row.name, email: row.email, updatedAt: row.updated_at.toISOString() };
}
