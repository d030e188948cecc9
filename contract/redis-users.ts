/** Users that log in at the Redis nodes. Redis' own user `default` is off. */
export const redisUsers = ["api", "controller", "replica", "pod", "check", "admin"] as const;
/** A user that logs in at the Redis nodes. */
export type RedisUser = (typeof redisUsers)[number];

/** Name of the Secret with the newest password of each user, by the user's name. */
export const redisUsersSecret = "redis-users";

/** Begins all keys that the check may use. User data has other prefixes. */
export const checkPrefix = "breakwater-check";
