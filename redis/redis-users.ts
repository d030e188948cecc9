import { createHash } from "node:crypto";
import { cachePrefix } from "../config/api-environment.ts";
import type { RedisServer } from "../config/sections/redis.ts";
import { checkPrefix, type RedisUser, redisUsers } from "../contract/redis-users.ts";

/** The commands, keys and channels that a user may use. */
interface Rights {
  keys?: string;
  channels?: string;
  commands: string;
  /** Further rules for this server. It refuses rules with a command that it does not know. */
  only?: Partial<Record<RedisServer, string>>;
}

/**
 * Least rights of each user. AUTH is always allowed. Scripts run with the rights of the user, so the commands of the cache's scripts
 * are among those of `api`. e2e/redis-users.int.test.ts runs each program as its user.
 */
const rights: Record<RedisUser, Rights> = {
  // The API's cache.
  api: {
    keys: `${cachePrefix}*`,
    channels: `${cachePrefix}invalidations`,
    commands: "ping get mget set unlink scan eval evalsha publish subscribe unsubscribe asking cluster|slots",
  },
  // The controller. Nodes log in at each other as this user when keys move (MIGRATE … AUTH2).
  controller: {
    keys: "*",
    // The commands of CLUSTER that move slots differ between servers and versions.
    commands:
      "ping info dbsize flushall asking del memory|usage migrate restore restore-asking select cluster",
  },
  // Replicas at their primaries; with Valkey also the source of a move of slots, which sends its data to the target.
  replica: {
    commands: "ping psync replconf",
    only: { valkey: "~* +cluster|syncslots +select +multi +exec +@write -flushall -flushdb -swapdb" },
  },
  // The probes and the hook of the pod, and commands that are typed in it.
  pod: { commands: "ping info role dbsize cluster|info cluster|nodes cluster|slots cluster|failover" },
  // `npm run redis:check`.
  check: {
    keys: `${checkPrefix}*`,
    commands:
      "ping info asking get set del unlink append strlen expire hset hget hlen cluster|nodes cluster|keyslot",
  },
  // The Jobs of a rotation. It can give itself every right.
  admin: { commands: "ping acl|setuser config|set client|kill" },
};

/** The API is one that the stack knows nothing about: all but what runs the cluster. */
const rightsOfOwnApi: Rights = {
  keys: "*",
  channels: "*",
  commands: "@all -@admin -@dangerous info keys cluster|slots cluster|shards cluster|nodes",
};

/** A user as `ACL SETUSER` takes it: the name, and the rules in their order. */
export type UserRules = [name: string, ...rules: string[]];

/**
 * Users of the nodes in the form of redis.conf, one line each. Passwords are there as hashes. A new user, like one of
 * redis.conf, begins without any right.
 *
 * @param isOwnApi whether the API is not the kit's
 */
export function renderRedisUsers(
  server: RedisServer,
  passwords: Readonly<Record<RedisUser, string>>,
  isOwnApi = false,
): string {
  const lines = redisUsers.map((name) => {
    const { keys, channels, commands, only } = name === "api" && isOwnApi ? rightsOfOwnApi : rights[name];
    const rules = [
      ...(keys === undefined ? [] : [`~${keys}`]),
      ...(channels === undefined ? [] : [`&${channels}`]),
      ...commands.split(" ").map((command) => (command.startsWith("-") ? command : `+${command}`)),
      ...(only?.[server] === undefined ? [] : [only[server]]),
    ];
    return ["user", name, "on", hashOf(passwords[name]), ...rules].join(" ");
  });
  return `${["user default off", ...lines].join("\n")}\n`;
}

/** The users' password hashes, one line each: the name, and the rule that lets the password in. */
export function renderPasswordHashes(passwords: Readonly<Record<RedisUser, string>>): string {
  return redisUsers.map((name) => `${name} ${hashOf(passwords[name])}\n`).join("");
}

/** Reads users from the form of redis.conf. @throws {Error} when a line is none of a user. */
export function parseRedisUsers(text: string): UserRules[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line): UserRules => {
    const [keyword, name, ...rules] = line.trim().split(/\s+/);
    if (keyword !== "user" || name === undefined || rules.length === 0)
      throw new Error("a line must look like: user NAME RULE …");
    return [name, ...rules];
  });
}

function hashOf(password: string): string {
  if (password === "") throw new TypeError("password: must not be empty");
  return `#${createHash("sha256").update(password).digest("hex")}`;
}
