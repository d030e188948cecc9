import { section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { flag, integer, secret, size, text } from "../options/scalars.ts";
import { container } from "./container.ts";
import { databaseBackup } from "./database-backup.ts";
import { pod } from "./pod.ts";

/** Mount paths of the volumes of the database's pod, by name. */
export const databaseVolumes = { data: "/data", tmp: "/tmp", password: "/secret", "password-in-use": "/secret-in-use" } as const;

const encoded = "%[0-9A-Fa-f]{2}";
const userInfo = `(?:(?:[^\\s/?#@:%]|${encoded})+(?::(?:[^\\s/?#%]|${encoded})*)?@)?`;
const hostName = `(?:\\[[0-9A-Fa-f:.]+\\]|(?:[^\\s/?#@:%[\\]]|${encoded})+)`;
/** A URL that the API's PostgreSQL client reads as it is meant: no character of user or password ends them early. */
const databaseUrl = new RegExp(`^postgres(ql)?:\\/\\/${userInfo}${hostName}(?::[0-9]{1,5})?\\/[^\\s/?#@]+(?:\\?[^\\s#]*)?$`);

/** The PostgreSQL database. */
export const database = section("The PostgreSQL database.", {
  enabled: flag({ default: true, doc: "Whether there is one. Only an API of your own (`api.contract.live`) can be without. On a running stack, false removes the stack's own database, which `database.protect` refuses; its volume stays, and true brings it back." }),
  ...container({ minMemory: "128 MiB", memory: "256 MiB", cpu: "1", cpuRequest: "100m" }),
  storage: size({ min: "128 MiB", default: "1 GiB", doc: "Volume of the database. A larger size makes the volume grow if its storage class allows it; all else is refused, and `database.volumeGeneration` makes a new volume." }),
  volumeGeneration: integer({
    min: 1,
    max: 9999,
    default: 1,
    doc: "Number of the volume. Another number replaces the pod and gives it a new, empty volume; the former volume stays in the claim `data-database-0` (`data-2-database-0` of number 2), and its number brings it back. Refused while `database.protect` is true.",
  }),
  maxConnections: integer({ min: 20, max: 10_000, default: 100, doc: "Number of connections that the database accepts. The stack's own database is set to it, which restarts it; each connection takes about 2 MB of `database.memory`. For a database outside the stack: how many of its connections the API may count on." }),
  poolSize: integer({ min: 2, max: 1000, doc: "Number of connections of each API pod, which its workers share. Without it: 8, 4 or 2, as `database.maxConnections` allows during a rolling update; another size replaces the API's pods." }),
  // 999 is the user `postgres` of the official image.
  runAsUser: integer({ min: 1, max: 2 ** 31 - 1, default: { embedded: 10_001, elsewhere: 999 }, doc: "User and group id of the server; `initdb` needs a user that the image's `/etc/passwd` has." }),
  passwordVersion: integer({ min: 1, max: 2 ** 31 - 1, default: 1, doc: "Another number gives the stack's own database another generated password, in one `pulumi up` and without a failed request: [rotation.md](rotation.md)." }),
  url: secret({
    pattern: databaseUrl,
    rule: "must be a URL like postgres://user:password@host:5432/name; in user and password, the characters / ? # % and spaces are percent-encoded: # as %23",
    doc: "URL of a PostgreSQL outside the stack, or of a pooler such as PgBouncer before it; a secret. With it, the stack deploys no database. The password is percent-encoded: `p#ss` as `p%23ss`.",
  }),
  ca: text({
    pattern: /^\s*-----BEGIN CERTIFICATE-----[\s\S]*-----END CERTIFICATE-----\s*$/,
    rule: "must be certificates in PEM form, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----",
    doc: "Certificates of the authority that signed the certificate of `database.url`'s server. With `sslmode=require` or `verify-ca` in the URL, the certificate is checked; with `verify-full` or no mode, the host name, too.",
  }),
  protect: flag({ default: { embedded: false, elsewhere: true }, doc: "Whether Pulumi refuses to delete or replace the stack's own database and its namespace, also in `pulumi destroy`. To delete them: set it to false, `pulumi up`, then `pulumi destroy`." }),
  backup: databaseBackup,
  pod: pod(databaseVolumes),
});

/** The PostgreSQL database. */
export type DatabaseConfig = ValueOf<typeof database>;

/** Whether the stack deploys a database of its own: it may also be outside the stack, or there is none. */
export function isOwnDatabase({ enabled, url }: Pick<DatabaseConfig, "enabled" | "url">): boolean {
  return enabled && url === undefined;
}
