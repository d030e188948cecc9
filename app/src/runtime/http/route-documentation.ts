import type { TSchema } from "@sinclair/typebox";

/**
 * What the OpenAPI document says about a route beyond the schema that Fastify checks and serializes with. It has no effect
 * on requests.
 */
export interface RouteDocumentation {
  /** What the route does, for the table of routes in docs/api.md too. */
  summary: string;
  body?: TSchema;
  /** Request headers. */
  headers?: TSchema;
  /** Content types of the body; default: JSON. */
  consumes?: readonly string[];
  /** Bodies by status; their `headers` are schemas of response headers. Errors follow from the runtime. */
  response?: Readonly<Record<number, TSchema>>;
}

declare module "fastify" {
  interface FastifyContextConfig {
    documentation?: RouteDocumentation;
  }
}
