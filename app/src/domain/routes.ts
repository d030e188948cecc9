import type { FastifyInstance } from "fastify";
import type { Cache } from "../runtime/cache/cache.ts";
import type { CpuPool } from "../runtime/cpu-pool/cpu-pool.ts";
import { heavyTaskRoute } from "./heavy-task.ts";
import { lightRoute } from "./light.ts";
import { type UploadParts, uploadRoute } from "./upload.ts";
import type { UserStore } from "./users/user-store.ts";
import { cachedUserForm, userRoutes } from "./users/users.ts";

/** What the forms of all cached values depend on. */
export const cachedForms = [cachedUserForm];

/** Parts of the runtime that the routes use. */
export interface RouteParts {
  users: Pick<UserStore, "find" | "findMany" | "save">;
  cache: Pick<Cache, "read" | "readMany" | "write">;
  cpuPool: Pick<CpuPool, "run">;
  uploads: UploadParts;
}

/** Registers every route of the domain: one line for each. Metrics and error handling follow from the registration. */
export function domainRoutes(app: FastifyInstance, parts: RouteParts): void {
  lightRoute(app);
  userRoutes(app, parts.users, parts.cache);
  heavyTaskRoute(app, parts.cpuPool);
  uploadRoute(app, parts.uploads);
}
