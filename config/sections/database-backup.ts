import { section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { integer, size, text } from "../options/scalars.ts";

/** A list of values, ranges and steps of one field. */
const field = (value: string) => {
  const part = `(?:\\*|${value}(?:-${value})?)(?:/[1-9]\\d?)?`;
  return `${part}(?:,${part})*`;
};
const fields = ["[0-5]?\\d", "(?:[01]?\\d|2[0-3])", "(?:0?[1-9]|[12]\\d|3[01])", "(?:0?[1-9]|1[0-2])", "[0-6]"];
const cron = new RegExp(`^(?:@(?:hourly|daily|weekly|monthly)|${fields.map(field).join(" +")})$`);

/** Backups of the stack's own database. */
export const databaseBackup = section("Backups of the stack's own database: [operations.md](operations.md#backup-of-the-database).", {
  schedule: text({
    pattern: cron,
    rule: 'must have the five fields of cron as numbers, like "0 3 * * *", or be @hourly, @daily, @weekly or @monthly',
    doc: 'When the database is dumped into the volume `database-backups`, in UTC, as "0 3 * * *": minute, hour, day of the month, month, day of the week. Without it there are no backups; when it is removed, the volume and its backups stay.',
  }),
  keep: integer({ min: 1, max: 1000, default: 7, doc: "Number of backups that stay when a new one is complete." }),
  storage: size({ min: "128 MiB", default: "1 GiB", doc: "Volume of the backups. A larger size makes the volume grow if its storage class allows it; a smaller one is refused." }),
});

/** Backups of the stack's own database. */
export type DatabaseBackupConfig = ValueOf<typeof databaseBackup>;
