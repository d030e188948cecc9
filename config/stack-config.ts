import { section } from "./options/collections.ts";
import type { ValueOf } from "./options/option.ts";
import { api } from "./sections/api.ts";
import { cluster } from "./sections/cluster.ts";
import { database } from "./sections/database.ts";
import { images } from "./sections/images.ts";
import { loadtest } from "./sections/loadtest.ts";
import { network } from "./sections/network.ts";
import { nginx } from "./sections/nginx.ts";
import { redis } from "./sections/redis.ts";
import { registry } from "./sections/registry.ts";

/** Stack config as Pulumi passes it, not checked yet: a value for each section. */
export type RawConfig = Record<string, unknown>;

/** The sections of stack config. */
export const sections = { cluster, network, registry, images, api, nginx, redis, database, loadtest };

/** Stack config as one option. */
export const stackConfig = section("", sections);

/** Stack config with defaults. Every value is parsed and within its bounds. */
export type StackConfig = ValueOf<typeof stackConfig>;
