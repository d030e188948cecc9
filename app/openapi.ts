import { readFileSync } from "node:fs";
import { STATUS_CODES } from "node:http";
import { join } from "node:path";
import swagger, { type SwaggerTransform, type SwaggerTransformObject } from "@fastify/swagger";
import { Type } from "@sinclair/typebox";
import type { FastifyInstance, FastifySchema } from "fastify";
import { pino } from "pino";
import { type AppParts, buildApp } from "./src/app.ts";
import { Metrics } from "./src/runtime/metrics/metrics.ts";

/** The part of an OpenAPI 3.1 document that has the routes: by path, then by method in small letters. */
export interface OpenApiDocument {
  paths: Record<string, Record<string, OpenApiOperation>>;
}

/** The part of an operation that its readers here use. */
export interface OpenApiOperation {
  summary: string;
  parameters?: { name: string; in: "path" | "query" | "header" }[];
  responses: Record<string, unknown>;
}

/** Base path of all routes at the gateway. */
const publicPrefix = "/api";

const errorSchema = Type.Object({
  error: Type.String({ description: "The status in words." }),
  message: Type.String(),
  requestId: Type.String(),
});
const errorResponse = {
  description: "Every error has this form. A temporary refusal (503) carries `Retry-After`.",
  content: { "application/json": { schema: errorSchema } },
};

/**
 * Derives the OpenAPI document from the schemas of the public routes, as they are at the gateway. No request is served, and
 * nothing of it is in the image.
 *
 * @throws {Error} when a route has no summary in its `documentation`.
 */
export async function openApiDocument(): Promise<OpenApiDocument> {
  const app = buildApp({ ...unusedParts(), beforeRoutes: collectSchemas });
  try {
    await app.ready();
    return JSON.parse(JSON.stringify(app.swagger())) as OpenApiDocument;
  } finally {
    await app.close();
  }
}

/** Registered as a plugin, it would be loaded when the routes exist already, and would see none. */
function collectSchemas(app: FastifyInstance): void {
  const { version, description, license } = JSON.parse(
    readFileSync(join(import.meta.dirname, "package.json"), "utf8"),
  );
  const openapi = {
    openapi: "3.1.0",
    info: { title: "Breakwater API", version, description, license: { name: license, identifier: license } },
    servers: [{ url: publicPrefix, description: "The gateway." }],
    components: { responses: { Error: errorResponse } },
  };
  swagger(app, { openapi, transform: describeRoute, transformObject: addErrors }, () => undefined);
}

const describeRoute: SwaggerTransform = ({ schema, url, route }) => {
  const { documentation } = route.config ?? {};
  if (documentation === undefined)
    throw new Error(`the route ${route.method} ${url} has no config.documentation`);
  const described: FastifySchema = { ...schema, ...documentation };
  const bodies: Record<string, object> = { ...(schema?.response ?? {}), ...documentation.response };
  described.response = Object.fromEntries(
    Object.entries(bodies).map(([status, body]) => [
      status,
      { ...body, "x-response-description": STATUS_CODES[status] ?? status },
    ]),
  );
  return { schema: described, url };
};

const addErrors: SwaggerTransformObject = (document) => {
  if (!("openapiObject" in document)) throw new Error("the document is not OpenAPI 3");
  const { paths = {} } = document.openapiObject as Partial<OpenApiDocument>;
  for (const operation of Object.values(paths).flatMap((path) => Object.values(path)))
    operation.responses.default = { $ref: "#/components/responses/Error" };
  return document.openapiObject;
};

/** Parts of the API that no request reaches. */
function unusedParts(): AppParts {
  const unused = (): never => {
    throw new Error("no request is served for the OpenAPI document");
  };
  const probe = { status: 200, body: "{}" } as const;
  return {
    log: pino({ level: "silent" }),
    bodyLimitBytes: 1,
    health: { live: probe, ready: probe, report: probe },
    shedding: { active: false, refuse: unused },
    metrics: new Metrics(),
    users: { find: unused, findMany: unused, save: unused },
    cache: { read: unused, readMany: unused, write: unused },
    cpuPool: { run: unused },
    uploads: {
      store: { admit: unused, open: unused },
      stats: { active: 0, files: 0, bytes: 0, failed: 0 },
      maxBytes: 1,
      maxFiles: 1,
    },
  };
}
