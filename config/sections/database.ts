import { section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { integer, secret, size } from "../options/scalars.ts";
import { container } from "./container.ts";
import { pod } from "./pod.ts";

/** Mount paths of the volumes of the database's pod, by name. */
export const databaseVolumes = { data: "/data", tmp: "/tmp", password: "/secret" } as const;

/** The PostgreSQL database. */
export const database = section("The PostgreSQL database.", {
  ...container({ minMemory: "128 MiB", memory: "256 MiB", cpu: "1", cpuRequest: "100m" }),
  storage: size({ min: "128 MiB", default: "1 GiB", doc: "Volume of the database." }),
  // 999 is the user `postgres` of the official image.
  runAsUser: integer({ min: 1, max: 2 ** 31 - 1, default: { embedded: 10_001, elsewhere: 999 }, doc: "User and group id of the server; `initdb` needs a user that the image's `/etc/passwd` has." }),
  url: secret({ pattern: /^postgres(ql)?:\/\/\S+$/, rule: "must be a URL like postgres://user:password@host:5432/name", doc: "URL of a PostgreSQL outside the stack; a secret. With it, the stack deploys no database." }),
  pod: pod(databaseVolumes),
});

/** The PostgreSQL database. */
export type DatabaseConfig = ValueOf<typeof database>;
