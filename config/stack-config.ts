import { section } from "./options/collections.ts";
import type { ValueOf } from "./options/option.ts";
import { api } from "./sections/api.ts";
import { cluster } from "./sections/cluster.ts";
import { database } from "./sections/database.ts";
import { images } from "./sections/images.ts";
import { loadtest } from "./sections/loadtest.ts";
import { nginx } from "./sections/nginx.ts";
import { redis } from "./sections/redis.ts";
import { registry } from "./sections/registry.ts";

/** Stack config as it stands in the file: one JSON value for each top-level key, not checked yet. */
export type RawConfig = Record<string, unknown>;

/** The whole of the stack config, as options by section. */
export const sections = { cluster, registry, images, api, nginx, redis, database, loadtest };

/** The whole of the stack config as one option. */
export const stackConfig = section(sections);

/** Stack config with defaults applied; every value is parsed and within its bounds. */
export type StackConfig = ValueOf<typeof stackConfig>;
