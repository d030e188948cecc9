/** The log methods that the runtime uses; pino's logger has them. */
export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}
