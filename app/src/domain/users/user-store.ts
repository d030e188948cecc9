import { createHash } from "node:crypto";
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

/** A user and the version of its row: digits that differ after every write. */
export interface VersionedUser {
  user: User;
  version: string;
}

/** Condition of a write: that the user does not exist yet, or exists in one of these versions (or in any). */
export type WriteCondition = "missing" | { versions: readonly string[] | "any" };

interface UserRow {
  name: string;
  email: string;
  updated_at: Date;
  /** The transaction that wrote the row (PostgreSQL's `xmin`), which needs no column (docs/decisions.md#versions-of-users). */
  version: string;
}

// The image has these files beside the bundle, see build.ts.
const readSql = (name: string) => readFileSync(join(import.meta.dirname, `${name}.sql`), "utf8");

/** The digest keeps versions of this program apart that share connections through a pooler. */
function statement(name: string) {
  const text = readSql(name);
  return { name: `${name}-${createHash("sha256").update(text).digest("hex").slice(0, 8)}`, text };
}

const findUser = statement("find-user");
const findUsers = statement("find-users");
const saveUser = statement("save-user");
const createUser = statement("create-user");
const replaceUser = statement("replace-user");

/** SQL that creates the users table if it is missing. */
export const usersSchema = readSql("create-users-table");

/** The users table of the database. */
export class UserStore {
  readonly #database: Pick<Database, "query">;

  constructor(database: Pick<Database, "query">) {
    this.#database = database;
  }

  /** @throws {DatabaseUnavailable} when the database does not answer. */
  async find(id: number): Promise<VersionedUser | undefined> {
    const [row] = await this.#database.query<UserRow>({ ...findUser, values: [id] });
    return row && toUser(id, row);
  }

  /**
   * Returns the users that exist, in no particular order.
   *
   * @throws {DatabaseUnavailable} when the database does not answer.
   */
  async findMany(ids: readonly number[]): Promise<VersionedUser[]> {
    const rows = await this.#database.query<UserRow & { id: string }>({ ...findUsers, values: [ids] });
    return rows.map((row) => toUser(Number(row.id), row));
  }

  /**
   * Creates the user or overwrites it.
   *
   * @returns undefined if the condition is not met; nothing was written then
   * @throws {DatabaseUnavailable} when the database does not answer.
   */
  async save(
    id: number,
    user: { name: string; email: string },
    condition?: WriteCondition,
  ): Promise<(VersionedUser & { isNew: boolean }) | undefined> {
    const values: unknown[] = [id, user.name, user.email];
    let query = saveUser;
    if (condition === "missing") query = createUser;
    else if (condition !== undefined) {
      query = replaceUser;
      values.push(condition.versions === "any" ? null : condition.versions);
    }
    const [row] = await this.#database.query<UserRow & { is_new: boolean }>({ ...query, values });
    if (!row && condition === undefined) throw new Error("INSERT … RETURNING returned no row");
    return row && { ...toUser(id, row), isNew: row.is_new };
  }
}

function toUser(id: number, row: UserRow): VersionedUser {
  const { name, email, updated_at, version } = row;
  return { user: { id, name, email, updatedAt: updated_at.toISOString() }, version };
}
