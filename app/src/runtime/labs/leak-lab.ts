import { EventEmitter } from "node:events";
import { type Static, Type } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";

const maxBytes = 1024 * 1024;
const Leak = Type.Object({ bytes: Type.Integer({ minimum: 0, maximum: maxBytes, default: 1024 }) });

/** What a leak of each kind keeps for ever; gives how many it keeps by now. */
type Keep = (bytes: number) => number;

/**
 * POST /leak-lab/global, /closure, /listener and /cache, each with ?bytes=: every request leaks so much in the way that
 * its name says, to see that the memory monitor calls it.
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
    // Outside V8's heap: only `external` grows.
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

/** A string that takes its length in V8's heap; that of `repeat` shares its parts. */
function flatText(bytes: number): string {
  return Buffer.alloc(bytes, "x").toString("latin1");
}
