import { EventEmitter } from "node:events";
import { type Static, Type } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";

const maxBytes = 1024 * 1024;
const Leak = Type.Object({ bytes: Type.Integer({ minimum: 0, maximum: maxBytes, default: 1024 }) });

/** Leaks these bytes. Returns the number of leaks so far. */
type Keep = (bytes: number) => number;

/**
 * Routes that leak on purpose, to test the memory monitor: POST /leak-lab/global, /closure, /listener and /cache, each with
 * ?bytes=. Every request leaks this size in the way that the name says.
 */
export function leakLabRoutes(app: FastifyInstance): void {
  for (const [kind, keep] of Object.entries(leaks())) {
    app.post<{ Querystring: Static<typeof Leak> }>(
      `/leak-lab/${kind}`,
      { schema: { querystring: Leak } },
      (request, reply) => {
        reply.send({ kind, kept: keep(request.query.bytes) });
      },
    );
  }
}

function leaks(): Record<string, Keep> {
  const buffers: Buffer[] = [];
  const closures: (() => string)[] = [];
  const emitter = new EventEmitter().setMaxListeners(0);
  const cache = new Map<string, { text: string; at: number }>();
  return {
    // The memory is outside V8's heap, so only `external` grows.
    global: (bytes) => buffers.push(Buffer.alloc(bytes, 1)),
    closure: (bytes) => {
      const text = flatText(bytes);
      return closures.push(() => text);
    },
    listener: (bytes) => {
      const text = flatText(bytes);
      emitter.on("change", () => text);
      return emitter.listenerCount("change");
    },
    cache: (bytes) => cache.set(`key:${cache.size}`, { text: flatText(bytes), at: Date.now() }).size,
  };
}

/** A string with its full length in V8's heap; the result of `repeat` would share its parts. */
function flatText(bytes: number): string {
  return Buffer.alloc(bytes, "x").toString("latin1");
}
