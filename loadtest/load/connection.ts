import type { Client } from "undici";
import type { Session } from "./session.ts";

/** A client with one connection, and what it keeps of responses. */
export interface Connection {
  client: Client;
  /** Undefined: nothing is kept. */
  session: Session | undefined;
}

/** Begins sessions again that the server accepts no longer. */
export interface Renewal {
  /** Whether the session can begin again, after a response 401. */
  mayRenew(connection: Connection): boolean;
  /** @returns whether the session has begun again */
  renew(connection: Connection): Promise<boolean>;
}
