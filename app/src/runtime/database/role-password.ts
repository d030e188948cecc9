import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { Client, DatabaseError } from "pg";

/** Settings of {@link setRolePassword}. */
export interface RolePasswordOptions {
  /** URL of the database with the role and its new password. */
  url: string;
  /** Password that the role may have now; undefined when it is not known. */
  otherPassword: string | undefined;
}

const timeoutMs = 5_000;
/** PostgreSQL's own default. */
const iterations = 4096;

/**
 * Gives a role the password of the URL, unless the role has it. Open connections of the role stay open.
 *
 * @returns whether the password was changed
 * @throws {RolePasswordUnknown} when the role has neither of the passwords.
 * @throws {Error} when the database does not answer.
 */
export async function setRolePassword({ url, otherPassword }: RolePasswordOptions): Promise<boolean> {
  if (await isAccepted(url)) return false;
  const other = new URL(url);
  other.password = otherPassword ?? "";
  if (otherPassword === undefined || !(await isAccepted(other.href, alter(url))))
    throw new RolePasswordUnknown();
  if (!(await isAccepted(url))) throw new Error("the database refuses the password that it was given");
  return true;
}

/** The role has neither the password of the URL nor the other one. */
export class RolePasswordUnknown extends Error {
  override name = "RolePasswordUnknown";

  constructor() {
    super("the role has another password than the two that are known");
  }
}

/** The role changes its own password, which needs no privilege. The statement has no password in it, only the verifier. */
function alter(url: string): string {
  const password = decodeURIComponent(new URL(url).password);
  return `ALTER ROLE CURRENT_USER PASSWORD '${scramVerifier(password, randomBytes(16))}'`;
}

/** Logs in and runs a statement. Returns false when the server refuses the password. @throws {Error} */
async function isAccepted(url: string, statement = "SELECT 1"): Promise<boolean> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query(statement);
    return true;
  } catch (error) {
    // invalid_password
    if (error instanceof DatabaseError && error.code === "28P01") return false;
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * What PostgreSQL stores for a password with `password_encryption = scram-sha-256`; see RFC 5803.
 *
 * @param password ASCII; other characters would have to be normalized first
 */
export function scramVerifier(password: string, salt: Buffer): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const keyOf = (name: string) => createHmac("sha256", salted).update(name).digest();
  const stored = createHash("sha256").update(keyOf("Client Key")).digest("base64");
  const server = keyOf("Server Key").toString("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${server}`;
}
