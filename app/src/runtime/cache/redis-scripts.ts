import { defineScript } from "@redis/client";

/** KEYS: entry, lease. ARGV: beginning of the text that the reader has seen, token, time to live of the lease in ms. */
const claimEntry = defineScript({
  NUMBER_OF_KEYS: 2,
  SCRIPT: `local there = redis.call("GET", KEYS[1])
if there and (ARGV[1] == "" or string.sub(there, 1, #ARGV[1]) ~= ARGV[1]) then return {"text", there} end
if redis.call("SET", KEYS[2], ARGV[2], "NX", "PX", ARGV[3]) then return {"claimed", ""} end
return {"held", redis.call("GET", KEYS[2])}`,
  parseCommand(parser, key: string, lease: string, seen: string, token: string, leaseMs: number) {
    parser.pushKey(key);
    parser.pushKey(lease);
    parser.push(seen, token, String(leaseMs));
  },
  transformReply: (reply: unknown) => reply as [kind: "text" | "claimed" | "held", text: string],
});

/** KEYS: entry, lease. ARGV: token, text (empty: none), time to live in ms. */
const fillEntry = defineScript({
  NUMBER_OF_KEYS: 2,
  SCRIPT: `if redis.call("GET", KEYS[2]) ~= ARGV[1] then return 0 end
if ARGV[2] == "" then redis.call("UNLINK", KEYS[1], KEYS[2]) return 1 end
redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
redis.call("UNLINK", KEYS[2])
return 1`,
  parseCommand(parser, key: string, lease: string, token: string, text: string, ttlMs: number) {
    parser.pushKey(key);
    parser.pushKey(lease);
    parser.push(token, text, String(ttlMs));
  },
  transformReply: (reply: unknown) => Number(reply) === 1,
});

/** KEYS: lease. ARGV: token. */
const releaseLease = defineScript({
  NUMBER_OF_KEYS: 1,
  SCRIPT: `if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("UNLINK", KEYS[1]) end
return 0`,
  parseCommand(parser, lease: string, token: string) {
    parser.pushKey(lease);
    parser.push(token);
  },
  transformReply: (reply: unknown) => Number(reply) === 1,
});

/**
 * KEYS: entry, lease. ARGV: channel, message, and optionally text and time to live in ms. The change and its message are
 * atomic: subscribers of this node and of the others receive it.
 */
const writeEntry = defineScript({
  NUMBER_OF_KEYS: 2,
  SCRIPT: `redis.call("UNLINK", KEYS[1], KEYS[2])
if ARGV[3] then redis.call("SET", KEYS[1], ARGV[3], "PX", ARGV[4]) end
return redis.call("PUBLISH", ARGV[1], ARGV[2])`,
  parseCommand(
    parser,
    key: string,
    lease: string,
    channel: string,
    message: string,
    text?: string,
    ttlMs?: number,
  ) {
    parser.pushKey(key);
    parser.pushKey(lease);
    parser.push(channel, message);
    if (text !== undefined) parser.push(text, String(ttlMs));
  },
  transformReply: (reply: unknown) => Number(reply),
});

/** Atomic operations, run by the node that has the keys. All keys of one call are in the same slot. */
export const redisScripts = { claimEntry, fillEntry, releaseLease, writeEntry };
