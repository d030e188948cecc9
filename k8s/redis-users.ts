import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import * as pulumi from "@pulumi/pulumi";
import type { RedisConfig } from "../config/sections/redis.ts";
import { type RedisUser, redisUsers, redisUsersSecret } from "../contract/redis-users.ts";
import { renderPasswordHashes, renderRedisUsers } from "../redis/redis-users.ts";
import { generatedPassword } from "./password.ts";
import { usersKey } from "./password-jobs.ts";

/** Generated passwords of the Redis users, and what is made of them. */
export interface GeneratedUsers {
  passwords: Record<RedisUser, pulumi.Output<string>>;
  /** The users in the form of redis.conf, with hashes of the passwords. */
  users: pulumi.Output<string>;
  /** See `renderPasswordHashes`. */
  hashes: pulumi.Output<string>;
  /**
   * Passwords by user, and the users. Clients and Jobs read it by its name, which stays when redis.conf changes, so that Jobs do not
   * run again.
   */
  secret: Secret;
}

/** Generates a password for each Redis user. */
export function generateUsers(
  name: string,
  { namespace, config, isOwnApi }: { namespace: string; config: RedisConfig; isOwnApi: boolean },
  parent: pulumi.Resource,
): GeneratedUsers {
  const generated = redisUsers.map(
    (user) =>
      [user, generatedPassword(`${name}-${user}-password`, config.passwordVersion, { parent })] as const,
  );
  const passwords = Object.fromEntries(generated) as Record<RedisUser, pulumi.Output<string>>;
  const known = pulumi.secret(pulumi.all(passwords).apply((given) => given as Record<RedisUser, string>));
  const users = known.apply((given) => renderRedisUsers(config.server, given, isOwnApi));
  const hashes = known.apply(renderPasswordHashes);
  const metadata = { name: redisUsersSecret, namespace };
  const stringData = { ...passwords, [usersKey]: users };
  return {
    passwords,
    users,
    hashes,
    secret: new Secret(metadata.name, { metadata, stringData }, { parent }),
  };
}
